"""Every change of an outgoing mail's status: one guarded statement each, which says whether it did anything.

Nobody else writes the status. The guards decide races: an undo against the job that was about to send, a person against
a rule, an attempt that was taken for dead against its successor.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from email_automation.models import OPEN, Author, MailStatus, OutgoingMail
from jobs import context
from jobs.clock import Now
from jobs.models import Job, JobStatus

ON_ITS_WAY = (MailStatus.QUEUED, MailStatus.FAILED, MailStatus.IN_DOUBT)  # its job may hand it over
UNSENT = (*OPEN, MailStatus.HELD, MailStatus.QUEUED, MailStatus.FAILED)
MAX_REASON = 300
FACTS = (
    *("delivered", "undelivered", "handovers", "from_address"),
    *("mailer", "mailbox_id", "message_id", "provider_id", "thread_id"),
)


def release(
    mail: OutgoingMail, job_id: uuid.UUID, *, by_id: int | None, by_rule: bool, held_until: datetime | None = None
) -> bool:
    """A draft may go: at once, or at `held_until` unless it is taken back before."""
    return _move(
        mail,
        OPEN,
        MailStatus.HELD if held_until else MailStatus.QUEUED,
        job_id=job_id,
        held_until=held_until,
        released_by_id=by_id,
        released_by_rule=by_rule,
    )


def revise(mail: OutgoingMail, *, subject: str, body: str) -> bool:
    """Its words are others, while it waits. The HTML of the old ones goes."""
    changed = _among(mail).filter(status__in=OPEN).update(subject=subject, body=body, html="")
    if changed:
        mail.refresh_from_db()
    return bool(changed)


def take_back(mail: OutgoingMail) -> bool:
    """Held mail is a draft again. Whoever asks before the job has begun, wins."""
    before = MailStatus.DRAFT if mail.author == Author.PERSON else MailStatus.AWAITING_APPROVAL
    return _move(
        mail,
        [MailStatus.HELD],
        before,
        job_id=None,
        held_until=None,
        released_by=None,
        released_by_rule=False,
    )


def end_hold(mail: OutgoingMail) -> bool:
    """Its time is over, by the database's clock: from now on it cannot be taken back."""
    return _move(mail, [MailStatus.HELD], MailStatus.QUEUED, _among(mail).filter(held_until__lte=Now()))


def hand_over(mail: OutgoingMail) -> bool:
    """The last step before it cannot be taken back. False where the mail is not this attempt's to send any more."""
    return _move(mail, ON_ITS_WAY, MailStatus.SENDING, _mine(mail, cancel_requested_at=None), **_facts(mail))


def keep_draft(mail: OutgoingMail, draft_id: str, thread_id: str) -> bool:
    """Note the provider's draft of it. False where another attempt owns the mail, which may be sending a draft of its
    own: asking about the wrong one would send both."""
    if not _mine(mail).update(draft_id=draft_id, thread_id=thread_id):
        return False
    mail.draft_id, mail.thread_id = draft_id, thread_id
    return True


def wait(mail: OutgoingMail, reason: str) -> bool:
    """It surely did not go, and is tried again."""
    return _move(mail, [*ON_ITS_WAY, MailStatus.SENDING], MailStatus.QUEUED, reason=_short(reason))


def settle(mail: OutgoingMail, reason: str = "") -> bool:
    """Nobody is left who waits for it: sent, if a server took it for anybody."""
    if not mail.delivered:
        return fail(mail, reason)
    facts = {"sent_at": timezone.now(), "reason": _short(reason), "sealed": "", **_facts(mail)}
    return _move(mail, [*ON_ITS_WAY, MailStatus.SENDING], MailStatus.SENT, **facts)


def note(mail: OutgoingMail, reason: str = "") -> bool:
    """Some got it and some are still to get it."""
    return _move(mail, [*ON_ITS_WAY, MailStatus.SENDING], MailStatus.QUEUED, reason=_short(reason), **_facts(mail))


def fail(mail: OutgoingMail, reason: str) -> bool:
    """It did not go, and no retry would mend that. Its job can be run again."""
    return _move(mail, [*ON_ITS_WAY, MailStatus.SENDING], MailStatus.FAILED, reason=_short(reason), **_facts(mail))


def doubt(mail: OutgoingMail, reason: str) -> bool:
    """It may or may not have gone; a person finds out."""
    return _move(mail, [MailStatus.SENDING, MailStatus.IN_DOUBT], MailStatus.IN_DOUBT, reason=_short(reason))


def skip(mail: OutgoingMail, reason: str, among: Iterable[MailStatus] = UNSENT) -> bool:
    """It is not sent, on purpose."""
    return _move(mail, among, MailStatus.SKIPPED, reason=_short(reason), held_until=None, sealed="")


def _among(mail: OutgoingMail) -> QuerySet[OutgoingMail]:
    return OutgoingMail.objects.filter(pk=mail.pk)


def _mine(mail: OutgoingMail, **more: Any) -> QuerySet[OutgoingMail]:
    """The row, while this attempt owns its job. In one statement with what is written: whoever was superseded or
    cancelled between a look and the write, finds no row."""
    running = context.current()
    if running is None:
        return _among(mail)
    claim = Job.objects.filter(pk=OuterRef("job_id"), claim=running.claim.token, status=JobStatus.PROCESSING, **more)
    return _among(mail).filter(Exists(claim))


def _move(
    mail: OutgoingMail,
    before: Iterable[MailStatus],
    after: MailStatus,
    rows: QuerySet[OutgoingMail] | None = None,
    **changes: Any,
) -> bool:
    rows = _among(mail) if rows is None else rows
    moved = rows.filter(status__in=list(before)).update(status=after, **{"reason": "", **changes})
    if moved:
        mail.refresh_from_db()
    return bool(moved)


def _facts(mail: OutgoingMail) -> dict[str, Any]:
    """What is known of it by now, besides its status."""
    return {name: getattr(mail, name) for name in FACTS}


def _short(reason: str) -> str:
    return reason[:MAX_REASON]
