"""The door: what the world may ask of the platform."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from jobs import effects, lifecycle
from jobs.again import Selection, preview_retry, retry_many
from jobs.clock import Now
from jobs.effects import Fate
from jobs.enqueueing import enqueue, enqueue_many
from jobs.errors import Refused, WrongState
from jobs.lookup import find
from jobs.models import WAITING, Effect, Job, JobStatus
from jobs.pausing import pause, paused, resume
from jobs.queues import limits
from jobs.reports import clean, storable

__all__ = [
    "CancelAnswer",
    "Selection",
    "cancel",
    "clear_queue",
    "enqueue",
    "enqueue_many",
    "find",
    "pause",
    "paused",
    "preview_retry",
    "queue_stats",
    "resolve",
    "resume",
    "retry",
    "retry_many",
]


@dataclass(frozen=True)
class CancelAnswer:
    """What became of a request to cancel, and of what the job does outside.

    `done`: it is cancelled; else it was asked and will stop soon. `provider_ids`: of the effects that have happened.
    """

    job: Job
    done: bool
    effect: Fate = Fate.BEFORE
    provider_ids: Sequence[str] = ()

    def __str__(self) -> str:
        return f"{'cancelled' if self.done else 'asked to stop'}{_told(self.effect, self.provider_ids)}"


def cancel(job_id: str | uuid.UUID, *, by: str = "", reason: str = "") -> CancelAnswer:
    """Cancel a job: at once while it waits; a running one is asked, and stopped after a grace.

    Asked again, it says what became of the effects by then.

    Raises:
        JobNotFound: there is none.
        WrongState: it has ended already.
    """
    job = find(job_id)
    status = lifecycle.cancel(job.pk, by=storable(by), reason=clean(reason))
    job.refresh_from_db()
    fate, provider_ids = effects.fate_of(job.pk)
    if status is None and job.status != JobStatus.CANCELLED:
        told = _told(fate, provider_ids) if provider_ids else ""
        raise WrongState(
            f"Job {job.pk} is {job.status}: only one that waits or runs can be cancelled{told}.", field="status"
        )
    return CancelAnswer(job, job.status == JobStatus.CANCELLED, fate, provider_ids)


def retry(job_id: str | uuid.UUID, *, by: str = "", reason: str = "", afresh: bool = False) -> Job:
    """Run a failed, dead, cancelled or expired job again: same id, fresh retry budget, history kept.

    Args:
        afresh: From the start; else it goes on from its checkpoint, if it has kept one.

    Raises:
        JobNotFound: there is none.
        WrongState: it waits, runs, completed or is in doubt.
    """
    job = find(job_id)
    if not lifecycle.replay(job.pk, by=storable(by), reason=clean(reason), afresh=afresh):
        raise WrongState(
            f"Job {job.pk} is {job.status}: only a failed, dead, cancelled or expired one can be run again.",
            field="status",
        )
    job.refresh_from_db()
    return job


def resolve(effect_id: int, *, happened: bool, by: str, reason: str) -> Job:
    """Say whether an effect in doubt happened. Its job runs on and skips what has happened.

    Raises:
        Refused: no reason, or the effect is in no doubt.
    """
    if not reason.strip():
        raise Refused("Say how you know: a reason is kept with the effect.", field="reason")
    effect = Effect.objects.select_related("job").filter(pk=effect_id).first()
    if effect is None or effect.job is None:
        raise Refused(f"There is no effect {effect_id} of a job.", field="effect", code="EFFECT_NOT_FOUND")
    if not lifecycle.resolve(effect.job.pk, effect_id, happened=happened, by=by, reason=reason):
        raise WrongState(f"Effect {effect_id} is {effect.status} and its job {effect.job.status}.", field="effect")
    effect.job.refresh_from_db()
    return effect.job


def clear_queue(queue: str, *, by: str = "clear_queue") -> int:
    """Cancel every job that waits on a queue. Returns how many."""
    limits(queue)
    total = 0
    while done := lifecycle.cancel_waiting(queue, 200, by=by):
        total += done
    return total


def queue_stats(queue: str) -> dict[str, int]:
    """Jobs of a queue: waiting and due, waiting for a later time, all, and those with an outcome."""
    limits(queue)
    waiting = Q(status__in=WAITING)
    return (
        Job.objects.of_people()
        .filter(queue=queue)
        .aggregate(
            pending_jobs=Count("id", filter=waiting & Q(run_at__lte=Now())),
            delayed_jobs=Count("id", filter=waiting & Q(run_at__gt=Now())),
            total_jobs=Count("id"),
            total_results=Count("id", filter=~Q(status__in=[*WAITING, JobStatus.PROCESSING])),
        )
    )


def _told(fate: Fate, provider_ids: Sequence[str]) -> str:
    match fate:
        case Fate.BEFORE:
            return " before any effect"
        case Fate.TOO_LATE:
            return f"; too late for what has happened ({', '.join(filter(None, provider_ids)) or 'no id'})"
        case Fate.IN_DOUBT:
            return "; an effect was begun, whether it happened is in doubt"


def _by_id(text: str) -> Job | None:
    try:
        return Job.objects.filter(pk=uuid.UUID(text)).first()
    except ValueError:
        return None
