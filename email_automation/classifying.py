"""A message is classified: what it is, what to do about it, and who is behind it."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from crm.words import LEAD_INTENTS
from email_automation.ai.schemas import Classification as Answer
from email_automation.ai.schemas import Intent, SuggestedAction, Usage
from email_automation.asking import ask, mail_text, prompt_hash
from email_automation.automation import wants_draft
from email_automation.models import Classification, Message
from email_automation.parsing.automatic import is_no_reply
from jobs import context, services
from jobs.errors import Discard

UNWANTED_LABELS = {"spam", "junk", "trash", "bin"}


@dataclass(frozen=True)
class Read:
    """A model's answer with where it came from, not stored yet."""

    answer: Answer
    usage: Usage
    prompt_hash: str


def classify(message_id: int, *, again: bool = False) -> Classification:
    """Have a message read and store what it is. What this job stored before, or anybody when not asked `again`, is
    reused: the model is not paid twice.

    Raises:
        Discard: there is nothing to classify.
    """
    message = Message.objects.select_related("mailbox__user").filter(pk=message_id).first()
    if message is None:
        raise Discard("the message was removed")
    if message.unreadable_reason:
        raise Discard("the message is unreadable")
    known = _known(message, again=again)
    if known:
        return known
    mail = mail_text(message, only_reply=True)
    answer, usage = ask(lambda model: model.classify(mail))
    return _store(message, Read(answer, usage, prompt_hash("classify", mail)))


def deserves_lead(message: Message, answer: Answer) -> bool:
    """Is there a person behind it who may become a customer?"""
    unwanted = any(str(label).lower() in UNWANTED_LABELS for label in message.labels)
    return bool(
        message.from_address
        and not message.is_own
        and not message.automatic
        and not is_no_reply(message.from_address)
        and not answer.is_spam
        and not answer.is_automatic
        and answer.intent is not Intent.SPAM
        and not unwanted
    )


def _known(message: Message, *, again: bool) -> Classification | None:
    if message.classified_at is None:
        return None
    running = context.current()
    mine = {"job_id": running.id} if again and running else {}
    return None if again and not mine else message.classifications.filter(is_current=True, **mine).first()


@transaction.atomic
def _store(message: Message, read: Read) -> Classification:
    """The answer and the jobs that come of it, or neither."""
    locked = Message.objects.select_for_update().only("classified_at").filter(pk=message.pk).first()
    if locked is None:
        raise Discard("the message was removed")
    if locked.classified_at:
        message.classifications.filter(is_current=True).update(is_current=False)
    running = context.current()
    answer = read.answer
    classification = Classification.objects.create(
        message=message,
        job_id=running.id if running else None,
        **read.usage.model_dump(),
        prompt_hash=read.prompt_hash,
        **answer.model_dump(mode="json"),
    )
    lead = deserves_lead(message, answer)
    message.classified_at = timezone.now()
    message.intent = answer.intent.value
    message.needs_review = answer.needs_review
    message.makes_lead = lead and answer.intent.value in LEAD_INTENTS
    message.save(update_fields=["classified_at", "intent", "needs_review", "makes_lead"])
    if lead:
        _update_crm(message, classification)
    if lead and answer.suggested_action in (SuggestedAction.REPLY, SuggestedAction.SCHEDULE) and wants_draft(message):
        services.enqueue(
            "draft_reply",
            {"message_id": message.pk},
            key=f"draft:{message.pk}:{classification.pk}",
            owner_id=message.mailbox.user_id,
            batch_id=context.batch_id(),
        )
    return classification


def _update_crm(message: Message, classification: Classification) -> None:
    services.enqueue(
        "update_crm",
        {"lead_data": lead_data(message, classification)},
        key=f"crm:{message.pk}:{classification.pk}",
        owner_id=message.mailbox.user_id,
        batch_id=context.batch_id(),
    )


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
