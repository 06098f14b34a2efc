"""Writing jobs down: arguments checked, in the caller's transaction, rung on commit."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Unpack

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import Q
from django.db.models.base import ModelState

from jobs import context, correlation, doorbell, lifecycle, lookup, registry, tracing
from jobs.arguments import Bound
from jobs.errors import InvalidArguments, JobNotFound, KeyTaken, Refused
from jobs.lifecycle import NewJob, Terms, Written
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
    if spec.options.names_job and (named := _named_job(spec, args or {})):
        return named
    bound = spec.parameters.bind(positional, args or {})
    with tracing.enqueueing(spec.name, spec.queue):
        [new] = _wishes(spec, [bound], options, keys=[options.get("key")], rings=doorbell.is_willing(spec.queue))
        written = lifecycle.insert([new])
    if not written:
        return _known(new)
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

    Raises:
        KeyTaken: a key is that of a job with another task, owner or arguments. Nothing is enqueued then.
    """
    if keys is not None and len(keys) != len(args_list):
        raise Refused(f"{len(keys)} keys for {len(args_list)} jobs: give one each.", field="keys")
    spec = registry.get(task)
    bind = spec.parameters.bind
    bounds = [bind((), args) for args in args_list]
    room = doorbell.room(spec.queue) if len(bounds) > 1 else int(doorbell.is_willing(spec.queue))
    written: list[Written] = []
    with tracing.enqueueing(spec.name, spec.queue, len(bounds)), transaction.atomic():
        jobs = _wishes(spec, bounds, options, keys=keys or [options.get("key")] * len(bounds), rings=room)
        for start in range(0, len(jobs), MANY):
            written += lifecycle.insert(jobs[start : start + MANY])
        _check_known(jobs, written)
        ring_on_commit(jobs, written)
    return [row.id for row in written]


def named_owner(arguments: Mapping[str, Any]) -> int | None:
    """The user whom arguments name. Raises InvalidArguments where it is no number of a user."""
    named = arguments.get("user_id")
    if named is None and isinstance(lead := arguments.get("lead_data"), dict):
        named = lead.get("user_id")
    return None if named is None else _user_id(named)


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


def _wishes(
    spec: registry.TaskSpec,
    bounds: Sequence[Bound],
    options: EnqueueOptions,
    *,
    keys: Sequence[str | None],
    rings: int,
) -> list[NewJob]:
    """A new job for each set of arguments, in order. The first `rings` of them are to be rung."""
    if options:
        check(options)
    for key in keys:
        if key is not None and key != options.get("key"):
            check({"key": key})
    running = context.current()
    terms = _terms(spec, options, running)
    owner_id, own_id = options.get("owner_id"), options.get("job_id")
    return [
        NewJob(
            own_id or new_id(),
            terms,
            bound,
            key,
            _owner(bound.values, running) if owner_id is None else owner_id,
            index < rings,
        )
        for index, (bound, key) in enumerate(zip(bounds, keys, strict=True))
    ]


def _terms(spec: registry.TaskSpec, options: EnqueueOptions, running: context.Running | None) -> Terms:
    own = spec.options
    wished = options.get("unique")
    unique = slot_of(spec.name, wished) if wished else None
    max_retries = options.get("max_retries")
    return Terms(
        task=spec.name,
        queue=own.queue,
        correlation_id=options.get("correlation_id") or (running.correlation_id if running else correlation.current()),
        priority=options.get("priority", 5),
        delay=options.get("delay", 0),
        run_at=options.get("run_at"),
        expires=options.get("expires"),
        max_retries=own.max_retries if max_retries is None else max_retries,
        soft_time_limit=options.get("soft_time_limit") or own.soft_time_limit,
        time_limit=options.get("time_limit") or own.time_limit,
        parent_id=running.id if running else None,
        batch_id=options.get("batch_id"),
        workflow=options.get("workflow"),
        schedule_id=options.get("schedule_id"),
        tick=options.get("tick"),
        unique_key=unique.key if unique else "",
        unique_scope=unique.scope if unique else "",
        unique_slot=unique.slot if unique else None,
        trace=tracing.here(),
    )


def _owner(arguments: Mapping[str, Any], running: context.Running | None) -> int | None:
    named = named_owner(arguments)
    if named is None and running:
        return running.owner_id
    return named


def _user_id(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise InvalidArguments(f"user_id is {value!r}: give a user's number.", field="user_id")
    return value


def _known(new: NewJob) -> Job:
    """The job that was there before, under the new one's key, id, tick or unique slot."""
    terms = new.terms
    if job := Job.objects.filter(Q(key=new.key) if new.key else Q(pk=new.id)).first():
        return _checked_same(job, new)
    if terms.schedule_id and (job := Job.objects.filter(schedule=terms.schedule_id, tick=terms.tick).first()):
        return job
    if terms.unique_slot and (job := Job.objects.filter(unique_slot=terms.unique_slot).first()):
        return _with_latest_arguments(job, new)
    raise Refused(f"The job that {terms.task} waited behind ended at this moment. Enqueue it again.", field="unique")


def _check_known(jobs: Sequence[NewJob], written: Sequence[Written]) -> None:
    """Those of many that were there before, by their keys, are to be the same."""
    new = {row.id for row in written}
    left: dict[str | None, NewJob] = {job.key: job for job in jobs if job.key and job.id not in new}
    keys = list(left)
    for start in range(0, len(keys), MANY):
        for job in Job.objects.filter(key__in=keys[start : start + MANY]):
            _checked_same(job, left[job.key])


def _checked_same(job: Job, new: NewJob) -> Job:
    if (job.task, job.arguments, job.owner_id) != (new.terms.task, new.arguments.values, new.owner_id):
        raise KeyTaken(
            f"job_id {new.key or new.id} is a job of task {job.task!r} already, with another task, owner or arguments. "
            "Give another job_id.",
            field="job_id",
        )
    return job


def _with_latest_arguments(job: Job, new: NewJob) -> Job:
    if new.terms.unique_scope == "latest" and new.terms.unique_slot:
        lifecycle.replace_arguments(new.terms.unique_slot, new.arguments.values)
        job.refresh_from_db()
    return job


def _as_job(new: NewJob, written: Written) -> Job:
    """The row without asking for it. Django's own making of a model, field by field, is a sixth of an enqueue."""
    job = Job.__new__(Job)
    job.__dict__.update(_blank())
    job.__dict__.update(new.terms.__dict__)
    for name in ("delay", "expires"):
        del job.__dict__[name]
    job.__dict__.update(
        id=written.id,
        arguments=new.arguments.values,
        key=new.key,
        owner_id=new.owner_id,
        created_at=written.created_at,
        run_at=written.run_at,
        dispatch_at=written.dispatch_at,
        _state=ModelState(),
    )
    job._state.adding, job._state.db = False, DEFAULT_DB_ALIAS
    return job


@cache
def _blank() -> dict[str, Any]:
    """A new row's columns, but for those that each job has its own of."""
    return {str(field.attname): field.get_default() for field in Job._meta.concrete_fields}
