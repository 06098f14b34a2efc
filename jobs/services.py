"""The door: what the world may ask of the platform."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Unpack

from django.db import transaction
from django.db.models import Q

from jobs import audit, effects, lifecycle
from jobs.again import Selection, preview_retry, retry_many
from jobs.amending import change_arguments
from jobs.cancelling import cancel_many, preview_cancel
from jobs.clock import Now
from jobs.counting import OpenCounts, open_counts, queue_stats
from jobs.effects import Fate
from jobs.enqueueing import enqueue, enqueue_many
from jobs.errors import Refused, WrongState
from jobs.holding import hold, release, release_by_hand
from jobs.lookup import find
from jobs.models import Effect, Job, JobStatus
from jobs.options import EnqueueOptions, check
from jobs.pausing import pause, paused, resume
from jobs.queues import limits
from jobs.reports import clean, storable

__all__ = [
    "CancelAnswer",
    "OpenCounts",
    "Selection",
    "cancel",
    "cancel_many",
    "change",
    "change_arguments",
    "clear_queue",
    "copy",
    "enqueue",
    "enqueue_by_hand",
    "enqueue_many",
    "find",
    "hold",
    "open_counts",
    "pause",
    "paused",
    "preview_cancel",
    "preview_retry",
    "queue_stats",
    "release",
    "release_by_hand",
    "resolve",
    "resume",
    "retry",
    "retry_many",
    "run_now",
]

EVERY = Q()


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


def enqueue_by_hand(task: str, args: Mapping[str, Any], *, by: str, **options: Unpack[EnqueueOptions]) -> Job:
    """As `enqueue`, by a person, who is recorded. What the arguments hold is not: the audit is kept for ever."""
    with transaction.atomic():
        audit.hold()
        job = enqueue(task, args, **options)
        audit.record("enqueue", f"job {job.pk}", by=by, after={"task": job.task, "owner_id": job.owner_id})
    return job


def cancel(job_id: str | uuid.UUID, *, by: str = "", reason: str = "") -> CancelAnswer:
    """Cancel a job: at once while it waits; a running one is asked, and stopped after a grace.

    Asked again, it says what became of the effects by then.

    Raises:
        JobNotFound: there is none.
        WrongState: it has ended already.
    """
    job = find(job_id)
    with _recorded("cancel", job, by, reason):
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
    with _recorded("retry", job, by, reason):
        if not lifecycle.replay(job.pk, by=storable(by), reason=clean(reason), afresh=afresh):
            raise WrongState(
                f"Job {job.pk} is {job.status}: only a failed, dead, cancelled or expired one can be run again.",
                field="status",
            )
        job.refresh_from_db()
    return job


def copy(job_id: str | uuid.UUID, *, by: str = "", reason: str = "", origin: str = "") -> Job:
    """Enqueue a job's task once more, with the same arguments, owner, queue and priority. Its history stays its own.

    Raises:
        JobNotFound: there is none.
        UnknownTask, InvalidArguments: the code has changed since.
    """
    job = find(job_id)
    with transaction.atomic():
        audit.hold()
        made = enqueue(
            job.task, job.arguments, priority=job.priority, max_retries=job.max_retries, owner_id=job.owner_id
        )
        after = {"job": str(made.pk), "task": made.task}
        audit.record("copy", f"job {job.pk}", by=by, reason=reason, origin=origin, after=after)
    return made


def run_now(job_id: str | uuid.UUID, *, by: str = "", reason: str = "", origin: str = "") -> Job:
    """Make a waiting job due at once, whatever it waited for its time. Raises as `change`."""
    return _changed(job_id, Now(), None, by, reason, origin)


def change(
    job_id: str | uuid.UUID,
    *,
    run_at: datetime | None = None,
    delay: float | None = None,
    priority: int | None = None,
    by: str = "",
    reason: str = "",
    origin: str = "",
) -> Job:
    """Give a waiting job another time (`run_at`, or `delay` in seconds from now) or priority; noted and recorded.

    Raises:
        JobNotFound: there is none.
        Refused: nothing to change, both times, or one out of its range.
        WrongState: it waits no more.
    """
    if run_at is None and delay is None and priority is None:
        raise Refused("Say what to change: run_at, delay or priority.", field="run_at")
    if run_at is not None and delay is not None:
        raise Refused("Give run_at or delay, not both.", field="delay")
    check({"run_at": run_at, "delay": delay or 0, "priority": priority or 0})
    return _changed(job_id, run_at if delay is None else Now(delay), priority, by, reason, origin)


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
    with _recorded("resolve", effect.job, by, reason, effect=effect_id, happened=happened):
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
    if total:
        audit.record("cancel", f"queue {queue}", by=by, after={"cancelled": total})
    return total


def _changed(
    job_id: str | uuid.UUID, run_at: datetime | Now | None, priority: int | None, by: str, reason: str, origin: str
) -> Job:
    job = find(job_id)
    by, reason = storable(by), clean(reason)
    with transaction.atomic():
        audit.hold()
        changed = lifecycle.change(job.pk, run_at=run_at, priority=priority, by=by, reason=reason)
        if changed is None:
            job.refresh_from_db()
            raise WrongState(f"Job {job.pk} is {job.status}: only one that waits can be changed.", field="status")
        before, after = changed
        audit.record("change", f"job {job.pk}", by=by, reason=reason, origin=origin, before=before, after=after)
    job.refresh_from_db()
    return job


@contextmanager
def _recorded(verb: str, job: Job, by: str, reason: str, **more: Any) -> Iterator[None]:
    """A person's act on a job, which the block does and reads back; code, which gives no name, is not recorded."""
    with transaction.atomic():
        if by:
            audit.hold()
        before = {"status": job.status, "cancel_requested": job.cancel_requested_at is not None}
        yield
        after = {"status": job.status, "cancel_requested": job.cancel_requested_at is not None}
        if by and (before != after or more):
            audit.record(verb, f"job {job.pk}", by=by, reason=reason, before=before, after=after | more)


def _told(fate: Fate, provider_ids: Sequence[str]) -> str:
    match fate:
        case Fate.BEFORE:
            return " before any effect"
        case Fate.TOO_LATE:
            return f"; too late for what has happened ({', '.join(filter(None, provider_ids)) or 'no id'})"
        case Fate.IN_DOUBT:
            return "; an effect was begun, whether it happened is in doubt"
