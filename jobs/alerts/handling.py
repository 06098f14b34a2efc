"""What people do about alerts: look after one, silence one, hear it again. Each act has a reason and is recorded."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from jobs import audit
from jobs.alerts import rules
from jobs.clock import Now
from jobs.errors import JobNotFound, Refused
from jobs.models import Alert, Job, Silence, Telling
from jobs.queues import QUEUES
from jobs.reports import clean, storable

LONGEST = 30 * 86_400.0  # seconds: what is silent for ever is forgotten
LATEST = 50  # tellings shown

Queues = Collection[str] | None  # that are looked at; None for all, and for what has no queue


@dataclass(frozen=True)
class Told:
    """A telling, with the jobs that deliver it as they are now; those that are pruned are left out."""

    telling: Telling
    jobs: Sequence[Job]


def now(queues: Queues = None) -> list[Alert]:
    """What fires."""
    return list(Alert.objects.filter(_about(queues)))


def silences(queues: Queues = None) -> dict[str, Silence]:
    """What is silent, by its key."""
    silent = Silence.objects.filter(until__gt=Now())
    return {one.key: one for one in silent if queues is None or one.key.partition(":")[2] in queues}


def told(queues: Queues = None) -> list[Told]:
    """What was told last, the newest first. Two queries."""
    tellings = list(Telling.objects.filter(_about(queues))[:LATEST])
    ids = [job_id for telling in tellings for job_id in telling.jobs]
    jobs = {str(job.pk): job for job in Job.objects.filter(pk__in=ids).defer("arguments", "workflow")}
    return [Told(telling, [jobs[job_id] for job_id in telling.jobs if job_id in jobs]) for telling in tellings]


def take(key: str, *, by: str, reason: str, origin: str = "") -> Alert:
    """Say that somebody looks after an alert, for the others to know.

    Raises:
        Refused: no reason, or it does not fire.
    """
    _ask_reason(reason)
    with transaction.atomic():
        audit.hold()
        fires = Alert.objects.filter(pk=key)
        if not fires.update(taken_at=Now(), taken_by=storable(by)[:150], taken_reason=clean(reason)[:300]):
            raise JobNotFound(f"The alert {key[:100]!r} does not fire.", field="key", code="ALERT_NOT_FOUND")
        audit.record("take", f"alert {key}", by=by, reason=reason, origin=origin)
    return Alert.objects.get(pk=key)


def silence(key: str, *, seconds: float, by: str, reason: str, origin: str = "") -> Silence:
    """Tell nobody of an alert for a while, whether or not it fires now; after it, it is told if it still does.

    Raises:
        Refused: no reason, a time out of its range, or there is no such alert.
    """
    _ask_reason(reason)
    if not 0 < seconds <= LONGEST:
        raise Refused("Give a time from 1 second to 30 days: seconds.", field="seconds")
    if not rules.exists(key):
        raise JobNotFound(f"There is no alert {key[:100]!r}: one is 'dead:email'.", field="key", code="ALERT_NOT_FOUND")
    with transaction.atomic():
        audit.hold()
        fields = {"until": Now(seconds), "by": storable(by)[:150], "reason": clean(reason)[:300]}
        Silence.objects.update_or_create(key=key, defaults=fields)
        audit.record("silence", f"alert {key}", by=by, reason=reason, origin=origin, after={"seconds": seconds})
    return Silence.objects.get(pk=key)


def speak(key: str, *, by: str, reason: str = "", origin: str = "") -> None:
    """End a silence.

    Raises:
        Refused: there is none.
    """
    with transaction.atomic():
        audit.hold()
        if not Silence.objects.filter(pk=key).delete()[0]:
            raise JobNotFound(f"The alert {key[:100]!r} is not silent.", field="key", code="ALERT_NOT_FOUND")
        audit.record("speak", f"alert {key}", by=by, reason=reason, origin=origin)


def queue_of(key: str) -> str | None:
    """The queue that an alert is about; None for what concerns more than one, such as an account."""
    subject = key.partition(":")[2]
    return subject if subject in QUEUES else None


def _about(queues: Queues) -> Q:
    return Q() if queues is None else Q(subject__in=queues)


def _ask_reason(reason: str) -> None:
    if not reason.strip():
        raise Refused("Say why: a reason is kept with it.", field="reason")
