"""Writing jobs down: arguments checked, in the caller's transaction, rung on commit."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from django.db import transaction
from django.db.models import Q

from jobs import context, correlation, doorbell, lifecycle, lookup, registry
from jobs.config import config
from jobs.errors import InvalidArguments, JobNotFound, KeyTaken, Refused
from jobs.lifecycle import NewJob, Written
from jobs.models import Job
from jobs.models.job import new_id
from jobs.options import EnqueueOptions, check
from jobs.ringing import ring_on_commit
from jobs.uniqueness import slot_of

MANY = 1_000  # rows of one INSERT


def enqueue(
    task: str,
    args: Mapping[str, Any] | None = None,
    *,
    positional: Sequence[Any] = (),
    **options: Unpack[EnqueueOptions],
) -> Job:
    """Write a job down in the caller's transaction, and ring its queue once that is committed.

    Args:
        task: A declared task's name.
        args: Its arguments by name; JSON, at most 64 KiB.

    Returns:
        The new job; or the one that is there under the same key, id, unique slot or tick.

    Raises:
        UnknownTask, InvalidArguments, KeyTaken, Refused: naming the field and the remedy.
    """
    spec = registry.get(task)
    if named := _named_job(spec, args or {}):
        return named
    new = _new_job(spec, spec.bind(positional, args or {}), options)
    written = lifecycle.insert([new])
    if not written:
        return _known(new, options)
    ring_on_commit([new], written)
    return _as_job(new, written[0])


def enqueue_many(
    task: str,
    args_list: Sequence[Mapping[str, Any]],
    *,
    keys: Sequence[str] | None = None,
    **options: Unpack[EnqueueOptions],
) -> list[uuid.UUID]:
    """Enqueue a task once for each set of arguments: a few statements and one push. Same rules as `enqueue`.

    Args:
        keys: The callers' own ids, one each.

    Returns:
        The id of each new job, in order; a key seen before adds nothing.
    """
    if keys is not None and len(keys) != len(args_list):
        raise Refused(f"{len(keys)} keys for {len(args_list)} jobs: give one each.", field="keys")
    spec = registry.get(task)
    options.setdefault("correlation_id", _correlation())
    jobs = [
        _new_job(
            spec,
            spec.bind((), args),
            options | {"key": keys[index]} if keys else options,
            may_ring=index < config().BUFFER_LIMIT,
        )
        for index, args in enumerate(args_list)
    ]
    written: list[Written] = []
    with transaction.atomic():
        for start in range(0, len(jobs), MANY):
            written += lifecycle.insert(jobs[start : start + MANY])
        ring_on_commit(jobs, written)
    return [row.id for row in written]


def _named_job(spec: registry.TaskSpec, args: Mapping[str, Any]) -> Job | None:
    """The job that the arguments name, where that is how the task's callers say "this one"."""
    named = args.get(spec.options.names_job)
    if not isinstance(named, str | uuid.UUID):
        return None
    try:
        job = lookup.find(named)
    except JobNotFound:
        return None
    return job if job.task == spec.name else None


def _new_job(
    spec: registry.TaskSpec, arguments: dict[str, Any], options: EnqueueOptions, *, may_ring: bool = True
) -> NewJob:
    check(options)
    running = context.current()
    own = spec.options
    wished = options.get("unique")
    unique = slot_of(spec.name, wished) if wished else None
    max_retries = options.get("max_retries")
    return NewJob(
        id=options.get("job_id") or new_id(),
        task=spec.name,
        queue=spec.queue,
        arguments=arguments,
        key=options.get("key"),
        priority=options.get("priority", 5),
        delay=options.get("delay", 0),
        run_at=options.get("run_at"),
        expires=options.get("expires"),
        max_retries=own.max_retries if max_retries is None else max_retries,
        soft_time_limit=options.get("soft_time_limit") or own.soft_time_limit,
        time_limit=options.get("time_limit") or own.time_limit,
        owner_id=_owner(options.get("owner_id"), arguments),
        correlation_id=options.get("correlation_id") or _correlation(),
        parent_id=running.id if running else None,
        batch_id=options.get("batch_id"),
        workflow=options.get("workflow"),
        schedule_id=options.get("schedule_id"),
        tick=options.get("tick"),
        unique_key=unique.key if unique else "",
        unique_scope=unique.scope if unique else "",
        unique_slot=unique.slot if unique else None,
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


def _known(new: NewJob, options: EnqueueOptions) -> Job:
    """The job that was there before, under the new one's key, id, tick or unique slot."""
    if job := Job.objects.filter(Q(key=new.key) if new.key else Q(pk=new.id)).first():
        return _checked_same(job, new)
    if new.schedule_id and (job := Job.objects.filter(schedule=new.schedule_id, tick=new.tick).first()):
        return job
    if new.unique_slot and (job := Job.objects.filter(unique_slot=new.unique_slot).first()):
        return _with_latest_arguments(job, new)
    raise Refused(f"The job that {new.task} waited behind ended at this moment. Enqueue it again.", field="unique")


def _checked_same(job: Job, new: NewJob) -> Job:
    if (job.task, job.arguments, job.owner_id) != (new.task, new.arguments, new.owner_id):
        raise KeyTaken(
            f"job_id {new.key or new.id} is a job of task {job.task!r} already, with another task, owner or arguments. "
            "Give another job_id.",
            field="job_id",
        )
    return job


def _with_latest_arguments(job: Job, new: NewJob) -> Job:
    if new.unique_scope == "latest" and new.unique_slot:
        lifecycle.replace_arguments(new.unique_slot, new.arguments)
        job.refresh_from_db()
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
