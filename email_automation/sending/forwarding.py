"""A message that is forwarded goes along as it came: fetched from where it lies, right before it leaves."""

from hashlib import sha256

from email_automation.mailboxes.actions import MessageGoneError
from email_automation.mailboxes.base import MAX_RAW
from email_automation.models import Message, OutgoingAttachment, OutgoingMail
from email_automation.parsing.charsets import one_line
from email_automation.syncing.sources import original

WHOLE_MAIL = "message/rfc822"
MAX_NAME = 80  # characters of the subject


def fits(message: Message) -> bool:
    """Can it go along as it came? What is longer, or gone at its provider, is told in words only."""
    return 0 < message.size <= MAX_RAW and message.gone_at is None


def placeholder(mail: OutgoingMail, message: Message) -> OutgoingAttachment:
    """What will be attached, without its content."""
    subject = "".join(one for one in one_line(message.subject) if one.isalnum() or one in " -_")[:MAX_NAME].strip()
    return OutgoingAttachment(
        mail=mail,
        name=f"{subject or 'message'}.eml",
        content_type=WHOLE_MAIL,
        size=message.size,
        digest=message.digest,
        content=b"",
    )


def attach_original(mail: OutgoingMail) -> None:
    """Fetch what this mail forwards, unless an earlier attempt did.

    Raises:
        MailboxError: it cannot be had any more.
    """
    if mail.forwards is None:
        return
    waiting = mail.attachments.filter(digest=mail.forwards.digest, content_type=WHOLE_MAIL, content=b"").first()
    if waiting is None:
        return
    raw = original(mail.forwards)
    if sha256(raw).hexdigest() != waiting.digest:
        raise MessageGoneError("What lies there now is another message.")
    waiting.content = raw
    waiting.save(update_fields=["content"])
