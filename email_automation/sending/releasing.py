"""A draft becomes mail: once, by a person or by a rule that the user switched on; at once, or after a while in which
it can be taken back."""

import uuid
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from email_automation.models import MailStatus, OutgoingMail
from email_automation.sending import outgoing
from email_automation.sending.letters import Letter
from email_automation.sending.outbox import write
from jobs import clock, context, services
from jobs.errors import JobNotFound, WrongState
from jobs.models import Job
from jobs.models.job import new_id


@transaction.atomic
def send(
    letter: Letter,
    *,
    hold: float = 0,
    by_id: int | None = None,
    by_rule: bool = False,
    expires: float | None = None,
) -> Job:
    """Write a letter and enqueue it.

    Args:
        hold: Seconds in which it can be taken back.
        expires: Seconds after which it is not begun any more.

    Raises:
        BadMailError: naming the field and what is wrong with it.
    """
    job_id, held_until = new_id(), _until(hold)
    status = MailStatus.HELD if held_until else MailStatus.QUEUED
    mail = write(letter, status, job_id=job_id, held_until=held_until, released_by_id=by_id, released_by_rule=by_rule)
    return _enqueue(mail, job_id, expires)


@transaction.atomic
def release(draft: OutgoingMail, *, by_id: int | None = None, by_rule: bool = False, hold: float = 0) -> Job | None:
    """Enqueue the sending of a draft. None: it was no draft any more.

    hold: Seconds in which it can be taken back.
    """
    job_id, held_until = new_id(), _until(hold)
    if not outgoing.release(draft, job_id, by_id=by_id, by_rule=by_rule, held_until=held_until):
        return None
    return _enqueue(draft, job_id)


def take_back(mail: OutgoingMail, *, by: str) -> None:
    """Held mail is a draft again, and its job ends.

    Raises:
        WrongState: it is held no more, or another draft took its place.
    """
    job_id = mail.job_id
    try:
        with transaction.atomic():
            if not outgoing.take_back(mail):
                raise WrongState("Only held mail can be taken back; this one is on its way or gone.", field="status")
    except IntegrityError:
        raise WrongState(
            "Another reply to the same message was drafted meanwhile. Discard that one first.", field="status"
        ) from None
    _cancel(job_id, by)


def _until(hold: float) -> datetime | None:
    return clock.now() + timedelta(seconds=hold) if hold > 0 else None


def _enqueue(mail: OutgoingMail, job_id: uuid.UUID, expires: float | None = None) -> Job:
    arguments = {"mail_id": mail.pk}
    return services.enqueue(
        "send_mail",
        arguments,
        job_id=job_id,
        owner_id=mail.user_id,
        run_at=mail.held_until,
        expires=expires,
        batch_id=context.batch_id(),
    )


def _cancel(job_id: uuid.UUID | None, by: str) -> None:
    """Tidiness: a job that finds its mail taken back ends by itself."""
    if job_id is None:
        return
    try:
        services.cancel(job_id, by=by, reason="its mail was taken back")
    except (WrongState, JobNotFound):
        return
