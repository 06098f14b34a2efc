"""Who is behind a message, and what the CRM learns of them."""

from email_automation.ai.schemas import Classification as Answer
from email_automation.ai.schemas import Intent
from email_automation.models import Classification, Message
from email_automation.parsing.automatic import is_no_reply

UNWANTED_LABELS = {"spam", "junk", "trash", "bin"}


def deserves_lead(message: Message, read: Answer | Classification) -> bool:
    """Is there a person behind it who may become a customer?"""
    unwanted = any(str(label).lower() in UNWANTED_LABELS for label in message.labels)
    return bool(
        message.from_address
        and not message.is_own
        and not message.automatic
        and not is_no_reply(message.from_address)
        and not read.is_spam
        and not read.is_automatic
        and read.intent != Intent.SPAM
        and not unwanted
    )


def crm_key(message: Message, classification: Classification) -> str:
    """The key of the job that tells the CRM of a classified message."""
    return f"crm:{message.pk}:{classification.pk}"


def lead_data(message: Message, classification: Classification) -> dict[str, object]:
    """What the CRM learns of a message. The address is the message's own, never the model's."""
    contact = classification.contact
    found: dict[str, object] = {
        "user_id": message.mailbox.user_id,
        "email": message.from_address,
        "name": contact.get("name") or message.from_name,
        "phone": contact.get("phone"),
        "company": contact.get("company"),
        "source": f"mail: {message.mailbox.name}",
        "intent": classification.intent,
        "urgency": classification.urgency,
        "sentiment": classification.sentiment,
        "occurred_at": message.date.isoformat() if message.date else None,
        "message_key": f"mail:{message.digest}",
        "own_addresses": list(message.mailbox.own_addresses),
        "activity": message.subject,
    }
    return {name: value for name, value in found.items() if value not in (None, "", [])}
