"""The rows of mail that goes out."""

from django.contrib.auth import get_user_model

from email_automation.models import MailStatus, OutgoingMail
from email_automation.recipients import BadMailError, addresses, check_content
from jobs import context
from jobs.errors import Discard, Fail


def mail_of_job(to: str | list[str], subject: str, body: str, user_id: int | None) -> OutgoingMail:
    """The row of the mail that this job sends: the one that an earlier attempt wrote, or a new one.

    Raises:
        Fail: it cannot be sent as it is.
    """
    running = context.current()
    known = OutgoingMail.objects.filter(job_id=running.id).first() if running else None
    if known:
        return known
    try:
        check_content(subject, body)
        recipients = addresses(to)
    except BadMailError as error:
        raise Fail(str(error), code="INVALID_MAIL") from None
    if user_id is not None and not get_user_model()._default_manager.filter(pk=user_id).exists():
        raise Fail(f"user_id: there is no user {user_id}.", code="UNKNOWN_USER")
    return OutgoingMail.objects.create(
        job_id=running.id if running else None,
        user_id=user_id,
        status=MailStatus.QUEUED,
        to=recipients,
        subject=subject,
        body=body,
    )


def released(draft_id: int) -> OutgoingMail:
    """A draft that was released to this job.

    Raises:
        Discard: it was removed, or is another job's by now.
    """
    running = context.current()
    mail = OutgoingMail.objects.select_related("answers__mailbox__user").filter(pk=draft_id).first()
    if mail is None:
        raise Discard("the draft was removed")
    if mail.status == MailStatus.DRAFT or (running and mail.job_id != running.id):
        raise Discard("the draft is not released to this job")
    return mail


def receipt(mail: OutgoingMail, to: str | list[str]) -> dict[str, object]:
    """What the sender of a mail is told."""
    if mail.status == MailStatus.SKIPPED:
        return {"success": True, "message_id": None, "sent_to": None, "skipped": mail.reason}
    return {"success": True, "message_id": mail.message_id, "sent_to": to}
