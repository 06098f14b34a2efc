"""The rows of mail that goes out."""

import uuid
from datetime import datetime

from django.contrib.auth import get_user_model
from django.db import transaction

from email_automation.models import OPEN, MailStatus, OutgoingAttachment, OutgoingMail
from email_automation.sending import forwarding
from email_automation.sending.letters import Letter, check_files, check_kind
from email_automation.sending.recipients import BadMailError, addresses, check_content
from jobs import context
from jobs.errors import Discard, Fail


@transaction.atomic
def write(
    letter: Letter,
    status: MailStatus,
    *,
    job_id: uuid.UUID | None = None,
    held_until: datetime | None = None,
    released_by_id: int | None = None,
    released_by_rule: bool = False,
) -> OutgoingMail:
    """A letter as a row, with what is attached to it.

    Raises:
        BadMailError: naming the field and what is wrong with it.
    """
    recipients = addresses(letter.to)
    check_content(letter.subject, letter.body, letter.html)
    check_kind(letter, recipients)
    check_files(letter.files)
    mail = OutgoingMail.objects.create(
        status=status,
        job_id=job_id,
        held_until=held_until,
        released_by_id=released_by_id,
        released_by_rule=released_by_rule,
        to=recipients,
        subject=letter.subject,
        body=letter.body,
        html=letter.html,
        kind=letter.kind,
        author=letter.author,
        user_id=letter.user_id,
        answers=letter.answers,
        forwards=letter.forwards,
        follows=letter.follows,
        written_by=letter.written_by,
        template=letter.template,
        template_version=letter.template_version,
        sealed=letter.sealed,
    )
    OutgoingAttachment.objects.bulk_create(
        OutgoingAttachment(
            mail=mail,
            name=file.name,
            content_type=file.content_type,
            size=len(file.content),
            digest=file.digest,
            content=file.content,
        )
        for file in letter.files
    )
    if letter.forwards is not None and forwarding.fits(letter.forwards):
        forwarding.placeholder(mail, letter.forwards).save()
    return mail


def mail_of_job(to: str | list[str], subject: str, body: str, user_id: int | None) -> OutgoingMail:
    """The row of the mail that this job sends: the one that an earlier attempt wrote, or a new one.

    Raises:
        Fail: it cannot be sent as it is.
    """
    running = context.current()
    known = OutgoingMail.objects.filter(job_id=running.id).first() if running else None
    if known:
        return known
    if user_id is not None and not get_user_model()._default_manager.filter(pk=user_id).exists():
        raise Fail(f"user_id: there is no user {user_id}.", code="UNKNOWN_USER")
    letter = Letter(to=to, subject=subject, body=body, user_id=user_id)
    try:
        return write(letter, MailStatus.QUEUED, job_id=running.id if running else None)
    except BadMailError as error:
        raise Fail(str(error), code="INVALID_MAIL") from None


def released(mail_id: int) -> OutgoingMail:
    """A mail that was released to this job.

    Raises:
        Discard: it was removed or taken back, or is another job's by now.
    """
    running = context.current()
    mail = (
        OutgoingMail.objects.select_related("answers__mailbox__user", "forwards__mailbox__user", "user")
        .filter(pk=mail_id)
        .first()
    )
    if mail is None:
        raise Discard("the mail was removed")
    if mail.status in OPEN or (running and mail.job_id != running.id):
        raise Discard("the mail is not released to this job")
    return mail


def receipt(mail: OutgoingMail, to: str | list[str]) -> dict[str, object]:
    """What the sender of a mail is told."""
    if mail.status == MailStatus.SKIPPED:
        return {"success": True, "message_id": None, "sent_to": None, "skipped": mail.reason}
    answer: dict[str, object] = {"success": True, "message_id": mail.message_id, "sent_to": to}
    return answer | {"undelivered": mail.undelivered} if mail.undelivered else answer
