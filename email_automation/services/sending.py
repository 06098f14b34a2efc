"""Mail that goes out: ask for it, approve or reject it, take it back, say what became of it, stop it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from email_automation.models import (
    OPEN,
    Author,
    AutomationSetting,
    MailKind,
    MailStatus,
    Message,
    OutgoingMail,
    Suppression,
)
from email_automation.sending import outgoing, releasing, suppressing
from email_automation.sending.letters import File, Letter, reply_subject
from email_automation.sending.outbox import write
from email_automation.sending.recipients import check_content
from email_automation.services.automation import set_kill_switch
from jobs import audit, services
from jobs.errors import Refused, WrongState
from jobs.models import Effect, EffectStatus, Job

MAX_HOLD = 7 * 24 * 3600  # seconds


def send_email(
    to: str | Sequence[str],
    subject: str,
    body: str = "",
    *,
    user_id: int | None = None,
    html: str = "",
    files: Sequence[File] = (),
    kind: MailKind = MailKind.TRANSACTIONAL,
    author: Author = Author.PRODUCT,
    hold: float = 0,
) -> Job:
    """Write a mail and enqueue it.

    Args:
        html: Goes beside the text, which is made of it where there is none.
        kind: What may stop it: `transactional` mail goes to addresses that have unsubscribed too.
        hold: Seconds in which it can be taken back (`undo`).

    Raises:
        BadMailError: at once, instead of in the job.
        Refused: `hold` is out of its range.
    """
    letter = Letter(
        to=to, subject=subject, body=body, html=html, files=files, kind=kind, author=author, user_id=user_id
    )
    by_id = user_id if author == Author.PERSON else None
    return releasing.send(letter, hold=_checked(hold), by_id=by_id)


def send_letter(letter: Letter, by: AbstractBaseUser, *, hold: float = 0) -> Job:
    """Send what a person has written. Raises as `send_email`."""
    return releasing.send(letter, hold=_checked(hold), by_id=by.pk)


def reply(message: Message, body: str, *, html: str = "", files: Sequence[File] = (), hold: float = 0) -> Job:
    """Answer a message as its mailbox's owner, in its thread and to whom its headers say. Raises as `send_email`."""
    user_id = message.mailbox.user_id
    letter = Letter(
        to=message.answer_address,
        subject=reply_subject(message.subject),
        body=body,
        html=html,
        files=files,
        kind=MailKind.REPLY,
        author=Author.PERSON,
        user_id=user_id,
        answers=message,
    )
    return releasing.send(letter, hold=_checked(hold), by_id=user_id)


def propose(letter: Letter) -> OutgoingMail:
    """A mail that waits: a person's draft, or what a model or a rule wrote, until somebody approves it.

    Raises:
        BadMailError: naming the field and what is wrong with it.
    """
    status = MailStatus.DRAFT if letter.author == Author.PERSON else MailStatus.AWAITING_APPROVAL
    return write(letter, status)


def revise(mail: OutgoingMail, by: AbstractBaseUser, *, subject: str, body: str) -> OutgoingMail:
    """Change the words of what waits: what stands there when it is approved is what is sent.

    Raises:
        BadMailError: naming the field and what is wrong with it.
        WrongState: it waits no more.
    """
    if (subject, body) == (mail.subject, mail.body):
        return mail
    check_content(subject, body)
    with _recorded("edit", mail, by):
        if not outgoing.revise(mail, subject=subject, body=body):
            raise WrongState("Only a draft can be changed; this mail is one no more.", field="status")
    return mail


def approve(mail: OutgoingMail, by: AbstractBaseUser, *, hold: float = 0) -> Job:
    """Send what waits, as a person wishes; `hold`: seconds in which it can be taken back.

    Raises:
        WrongState: it waits no more.
        Refused: `hold` is out of its range.
    """
    with _recorded("approve", mail, by):
        job = releasing.release(mail, by_id=by.pk, hold=_checked(hold))
        if job is None:
            raise WrongState("Only a draft can be approved; this mail is one no more.", field="status")
    return job


@transaction.atomic
def approve_as(mail: OutgoingMail, by: AbstractBaseUser, *, subject: str, body: str, hold: float = 0) -> Job:
    """Approve with these words, which may be others than stand there. Raises as `revise` and `approve`."""
    return approve(revise(mail, by, subject=subject, body=body), by, hold=hold)


def reject(mail: OutgoingMail, by: AbstractBaseUser, reason: str = "") -> None:
    """Put what waits aside; nothing is sent.

    Raises:
        WrongState: it waits no more.
    """
    said = f"rejected by {by.get_username()}{': ' if reason else ''}{reason}"
    with _recorded("reject", mail, by, reason):
        if not outgoing.skip(mail, said, among=OPEN):
            raise WrongState("Only a draft can be rejected; this mail is one no more.", field="status")


def undo(mail: OutgoingMail, by: AbstractBaseUser) -> OutgoingMail:
    """Take back held mail: it is a draft again. Whoever asks before its job has begun, wins.

    Raises:
        WrongState: it is held no more.
    """
    with _recorded("undo", mail, by):
        releasing.take_back(mail, by=by.get_username())
    return mail


def resolve_doubt(mail: OutgoingMail, by: AbstractBaseUser, *, happened: bool, reason: str) -> Job:
    """Say whether a mail in doubt went. Its job runs on: a mail that went is noted so, one that did not is sent.

    Raises:
        Refused: no reason.
        WrongState: it is in no doubt.
    """
    effect = Effect.objects.filter(job=mail.job_id, status=EffectStatus.ATTEMPTING).first() if mail.job_id else None
    if effect is None or mail.status != MailStatus.IN_DOUBT:
        raise WrongState("Only mail in doubt can be resolved; this mail is in none.", field="status")
    return services.resolve(effect.pk, happened=happened, by=by.get_username(), reason=reason)


def suppress(address: str, owner: AbstractBaseUser, *, by: str = "", reason: str = "") -> Suppression:
    """Have a user write to an address no more. `by`: who says so, where it is somebody else.

    Raises:
        BadMailError: it is no address.
    """
    name = by or owner.get_username()
    return suppress_for(address, owner.pk, source=reason or f"by {name}", by=name)


@transaction.atomic
def suppress_for(address: str, user_id: int | None, *, source: str, by: str) -> Suppression:
    """The same, for a user or for everybody, by staff."""
    audit.hold()
    row = suppressing.suppress(address, suppressing.Cause.MANUAL, user_id=user_id, source=source)
    after = {"user_id": user_id, "cause": row.cause}
    audit.record("suppress", f"address {row.address}", by=by, reason=source, after=after)
    return row


@transaction.atomic
def allow_again(row: Suppression, *, by: str) -> None:
    """Write to an address again."""
    audit.record("allow", f"address {row.address}", by=by, before={"cause": row.cause})
    row.delete()


def stop_sending(stop: bool = True, *, user_id: int | None = None, reason: str = "") -> None:
    """Throw the kill switch, of one user or of all, or (`stop=False`) allow sending again."""
    if user_id is None:
        set_kill_switch(stop, by="", reason=reason)
    else:
        AutomationSetting.objects.update_or_create(user_id=user_id, defaults={"sending_stopped": stop})


@contextmanager
def _recorded(verb: str, mail: OutgoingMail, by: AbstractBaseUser, reason: str = "") -> Iterator[None]:
    """A person's act on a mail, and that it is one, or neither."""
    with transaction.atomic():
        audit.hold()
        yield
        audit.record(verb, f"mail {mail.pk}", by=by.get_username(), reason=reason)


def _checked(hold: float) -> float:
    if not 0 <= hold <= MAX_HOLD:
        raise Refused(f"hold is {hold:g}: give 0 to {MAX_HOLD} seconds.", field="hold")
    return hold
