"""The door: what the world may ask of the platform."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Q

from jobs import context, correlation, doorbell, events, fallback, lifecycle, options, registry
from jobs.clock import Now
from jobs.config import config
from jobs.errors import InvalidArguments, JobNotFound, KeyTaken, Refused, WrongState
from jobs.lifecycle import Due, NewJob, Written
from jobs.models import WAITING, Effect, Job, JobStatus
from jobs.models.job import new_id
from jobs.queues import limits
from jobs.reports import clean, storable

MANY = 1_000  # rows of one INSERT


@dataclass(frozen=True)
class CancelAnswer:
    """What became of a request to cancel. `done`: it is cancelled; else it was asked and will stop soon."""

    job: Job
    done: bool


def enqueue(
    task: str,
    args: Mapping[str, Any] | None = None,
    *,
    positional: Sequence[Any] = (),
    delay: float = 0,
    run_at: datetime | None = None,
    expires: float | None = None,
    priority: int = 5,
    max_retries: int | None = None,
    soft_time_limit: float | None = None,
    time_limit: float | None = None,
    key: str | None = None,
    job_id: uuid.UUID | None = None,
    owner_id: int | None = None,
    correlation_id: str | None = None,
    workflow: Mapping[str, Any] | None = None,
    schedule_id: int | None = None,
    tick: datetime | None = None,
) -> Job:
    """Write a job down in the caller's transaction, and ring its queue once that is committed.

    Args:
        task: A declared task's name.
        args: Its arguments by name; JSON, at most 64 KiB.
        delay: Seconds to wait at least.
        run_at: Not before this; instead of `delay`.
        expires: Seconds after which it is not started any more.
        priority: 0 (first) to 9.
        max_retries: Runs after the first; the task's own by default.
        key: The caller's own id, up to 200 characters. Seen before, the same job is returned.
        owner_id: The user it works for; by default its `user_id` argument, else the running job's owner.
        workflow: What Celery's chain or links have follow it.
        schedule_id, tick: The schedule that makes it, and for which time.

    Raises:
        UnknownTask, InvalidArguments, KeyTaken, Refused: naming the field and the remedy.
    """
    spec = registry.get(task)
    if named := _named_job(spec, args or {}):
        return named
    new = _new_job(
        spec,
        spec.bind(positional, args or {}),
        delay=delay,
        run_at=run_at,
        expires=expires,
        priority=priority,
        max_retries=max_retries,
        soft_time_limit=soft_time_limit,
        time_limit=time_limit,
        key=key,
        id=job_id,
        owner_id=owner_id,
        correlation_id=correlation_id,
        workflow=workflow,
        schedule_id=schedule_id,
        tick=tick,
    )
    written = lifecycle.insert([new])
    if not written:
        return _known(new)
    _ring_on_commit([new], written)
    return _as_job(new, written[0])


def enqueue_many(
    task: str,
    args_list: Sequence[Mapping[str, Any]],
    *,
    keys: Sequence[str] | None = None,
    priority: int = 5,
    max_retries: int | None = None,
    owner_id: int | None = None,
    correlation_id: str | None = None,
) -> list[uuid.UUID]:
    """Enqueue a task once for each set of arguments: a few statements and one push. Same rules as `enqueue`.

    Returns:
        The id of each new job, in order; a key seen before adds nothing.
    """
    if keys is not None and len(keys) != len(args_list):
        raise Refused(f"{len(keys)} keys for {len(args_list)} jobs: give one each.", field="keys")
    spec = registry.get(task)
    correlation_id = correlation_id or _correlation()
    jobs = [
        _new_job(
            spec,
            spec.bind((), args),
            key=keys[index] if keys else None,
            priority=priority,
            max_retries=max_retries,
            owner_id=owner_id,
            correlation_id=correlation_id,
            may_ring=index < config().BUFFER_LIMIT,
        )
        for index, args in enumerate(args_list)
    ]
    written: list[Written] = []
    with transaction.atomic():
        for start in range(0, len(jobs), MANY):
            written += lifecycle.insert(jobs[start : start + MANY])
        _ring_on_commit(jobs, written)
    return [row.id for row in written]


def find(job_id: str | uuid.UUID) -> Job:
    """A job by its id, or by its caller's own id.

    Raises:
        JobNotFound: there is none.
    """
    text = str(job_id)
    job = None
    if storable(text) == text:
        job = _by_id(text) or Job.objects.filter(key=text).first()
    if job is None:
        raise JobNotFound(f"There is no job {text[:200]!r}.", field="job_id")
    return job


def cancel(job_id: str | uuid.UUID, *, by: str = "", reason: str = "") -> CancelAnswer:
    """Cancel a job: at once while it waits; a running one is asked, and stopped after a grace.

    Raises:
        JobNotFound: there is none.
        WrongState: it has ended already.
    """
    job = find(job_id)
    status = lifecycle.cancel(job.pk, by=storable(by), reason=clean(reason))
    job.refresh_from_db()
    if status is None and job.status != JobStatus.CANCELLED:
        raise WrongState(f"Job {job.pk} is {job.status}: only one that waits or runs can be cancelled.", field="status")
    return CancelAnswer(job, done=job.status == JobStatus.CANCELLED)


def retry(job_id: str | uuid.UUID, *, by: str = "", reason: str = "") -> Job:
    """Run a failed, dead, cancelled or expired job again: same id, fresh retry budget, history kept.

    Raises:
        JobNotFound: there is none.
        WrongState: it waits, runs, completed or is in doubt.
    """
    job = find(job_id)
    if not lifecycle.replay(job.pk, by=storable(by), reason=clean(reason)):
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
    return Job.objects.filter(queue=queue).aggregate(
        pending_jobs=Count("id", filter=waiting & Q(run_at__lte=Now())),
        delayed_jobs=Count("id", filter=waiting & Q(run_at__gt=Now())),
        total_jobs=Count("id"),
        total_results=Count("id", filter=~Q(status__in=[*WAITING, JobStatus.PROCESSING])),
    )


def _by_id(text: str) -> Job | None:
    try:
        return Job.objects.filter(pk=uuid.UUID(text)).first()
    except ValueError:
        return None


def _named_job(spec: registry.TaskSpec, args: Mapping[str, Any]) -> Job | None:
    """The job that the arguments name, where that is how the task's callers say "this one"."""
    named = args.get(spec.options.names_job)
    if not isinstance(named, str | uuid.UUID):
        return None
    try:
        job = find(named)
    except JobNotFound:
        return None
    return job if job.task == spec.name else None


def _new_job(
    spec: registry.TaskSpec,
    arguments: dict[str, Any],
    *,
    delay: float = 0,
    run_at: datetime | None = None,
    expires: float | None = None,
    priority: int = 5,
    max_retries: int | None = None,
    soft_time_limit: float | None = None,
    time_limit: float | None = None,
    key: str | None = None,
    id: uuid.UUID | None = None,  # noqa: A002 - the column's name
    owner_id: int | None = None,
    correlation_id: str | None = None,
    workflow: Mapping[str, Any] | None = None,
    schedule_id: int | None = None,
    tick: datetime | None = None,
    may_ring: bool = True,
) -> NewJob:
    options.check_numbers(
        delay=delay,
        expires=expires,
        priority=priority,
        max_retries=max_retries,
        soft_time_limit=soft_time_limit,
        time_limit=time_limit,
        owner_id=owner_id,
    )
    options.check_time(run_at)
    options.check_texts(key, correlation_id)
    running = context.current()
    own = spec.options
    return NewJob(
        id=id or new_id(),
        task=spec.name,
        queue=spec.queue,
        arguments=arguments,
        key=key,
        priority=priority,
        delay=delay,
        run_at=run_at,
        expires=expires,
        max_retries=own.max_retries if max_retries is None else max_retries,
        soft_time_limit=soft_time_limit or own.soft_time_limit,
        time_limit=time_limit or own.time_limit,
        owner_id=_owner(owner_id, arguments),
        correlation_id=correlation_id or _correlation(),
        parent_id=running.id if running else None,
        workflow=workflow,
        schedule_id=schedule_id,
        tick=tick,
        ring=may_ring and doorbell.is_willing(spec.queue),
    )


def _owner(owner_id: int | None, arguments: Mapping[str, Any]) -> int | None:
    if owner_id is not None:
        return owner_id
    named = arguments.get("user_id")
    if named is None and isinstance(lead := arguments.get("lead_data"), dict):
        named = lead.get("user_id")
    if named is not None:
        return _user_id(named)
    running = context.current()
    return running.owner_id if running else None


def _user_id(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise InvalidArguments(f"user_id is {value!r}: give a user's number.", field="user_id")
    return value


def _correlation() -> str:
    running = context.current()
    return running.correlation_id if running else correlation.current()


def _ring_on_commit(jobs: Sequence[NewJob], written: Sequence[Written]) -> None:
    transaction.on_commit(lambda: _ring(jobs, written), robust=True)


def _ring(jobs: Sequence[NewJob], written: Sequence[Written]) -> None:
    """Tell the workers. What the broker does not take, the dispatcher rings next."""
    if not written:
        return
    by_id = {job.id: job for job in jobs}
    first = by_id[written[0].id]
    events.enqueued([row.id for row in written], first.task, first.queue)
    rung = [row for row in written if row.due and by_id[row.id].ring]
    rings = [Due(row.id, first.task, first.soft_time_limit, first.time_limit, row.created_at) for row in rung]
    taken = doorbell.push(first.queue, rings) if rings else 0
    if refused := [ring.id for ring in rings[taken:]]:
        lifecycle.not_rung(refused)
    if not taken:
        fallback.offer([row.id for row in written if row.due], first.task)


def _known(new: NewJob) -> Job:
    """The job that was there before, under the new one's key or id."""
    same_wish = Q(key=new.key) if new.key else Q(pk=new.id)
    if new.schedule_id:
        same_wish = Q(schedule=new.schedule_id, tick=new.tick)
    job = Job.objects.filter(same_wish).first()
    if job is None:
        raise Refused("The job was removed while it was being enqueued. Enqueue it again.")
    same = (job.task, job.arguments, job.owner_id) == (new.task, new.arguments, new.owner_id)
    if not same:
        raise KeyTaken(
            f"job_id {new.key or new.id} is a job of task {job.task!r} already, with another task, owner or arguments. "
            "Give another job_id.",
            field="job_id",
        )
    return job


def _as_job(new: NewJob, written: Written) -> Job:
    job = Job(
        **{
            name: getattr(new, name)
            for name in NewJob.__dataclass_fields__
            if name not in ("delay", "run_at", "expires", "ring")
        }
    )
    job.created_at, job.run_at, job.dispatch_at = written.created_at, written.run_at, written.dispatch_at
    job._state.adding = False
    return job
