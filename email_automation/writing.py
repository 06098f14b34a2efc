"""A row as the mail that leaves. The sender is ours, and no text becomes a header that was not meant to."""

from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage

from email_automation.models import OutgoingMail

THREAD = 20  # references of a reply


def email_message(mail: OutgoingMail, recipients: list[str]) -> EmailMessage:
    """The mail of a row."""
    headers = {"Message-ID": f"<{message_id(mail)}>", **_thread(mail)}
    if mail.released_by_rule:
        headers |= {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}
    return EmailMessage(mail.subject, mail.body, settings.DEFAULT_FROM_EMAIL, recipients, headers=headers)


def message_id(mail: OutgoingMail) -> str:
    """The same for every attempt, so that a mail that came twice can be told."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"{mail.job_id or f'mail-{mail.pk}'}@{domain}"


def _thread(mail: OutgoingMail) -> dict[str, str]:
    answered = mail.answers
    if answered is None or not answered.message_id:
        return {}
    references = [*answered.references, answered.message_id][-THREAD:]
    return {
        "In-Reply-To": f"<{answered.message_id}>",
        "References": " ".join(f"<{one}>" for one in references),
    }
