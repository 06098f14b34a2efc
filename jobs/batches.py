"""Batches: a set of jobs with counted progress, and what follows when all have ended.

Settling never touches a batch's row: two last members settling at once would each see the other unfinished. The
dispatcher counts by index, and the one guarded update that closes the batch enqueues what follows.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from celery.canvas import Signature
from django.db import transaction
from django.db.models import Count
from django_celery_results.models import TaskResult

from jobs import correlation, enqueueing, lifecycle, registry
from jobs.clock import Now
from jobs.errors import Refused
from jobs.models import FINAL, WAITING, Batch, BatchStatus, Job, JobStatus

AT_ONCE = 50  # batches a round
CANCEL_AT_ONCE = 200  # jobs

Then = tuple[str, Mapping[str, Any]]  # a task and its arguments

log = structlog.stdlib.get_logger("jobs")


def create(
    name: str = "",
    *,
    on_success: Then | None = None,
    on_complete: Then | None = None,
    stop_on_failure: bool = False,
    parent: Batch | None = None,
    owner_id: int | None = None,
) -> Batch:
    """Open a batch. Enqueue its members with `batch_id=batch.id`, then `close` it.

    Args:
        on_success: Enqueued once every member has completed.
        on_complete: Enqueued once no member is unfinished, however they ended.
        stop_on_failure: Cancel what still waits when a member has failed.
        parent: Is not finished before this one.

    Raises:
        UnknownTask, InvalidArguments: of what follows.
    """
    return Batch.objects.create(
        name=name[:150],
        on_success=_checked(on_success),
        on_complete=_checked(on_complete),
        stop_on_failure=stop_on_failure,
        parent=parent,
        owner_id=owner_id,
        correlation_id=correlation.current(),
        created_at=Now(),
    )


def close(batch_id: uuid.UUID) -> bool:
    """Say that no more members come. An empty batch completes. Returns whether it was open."""
    return bool(Batch.objects.filter(pk=batch_id, status=BatchStatus.OPEN).update(status=BatchStatus.CLOSED))


def cancel(batch_id: uuid.UUID, *, by: str, reason: str) -> int:
    """Cancel the members that wait or run. Returns how many were cancelled or asked to stop."""
    Batch.objects.filter(pk=batch_id, finished_at=None).update(status=BatchStatus.CANCELLED)
    return _cancel_members(batch_id, [*WAITING, JobStatus.PROCESSING], by=by, reason=reason)


def for_chord(batch_id: uuid.UUID, ids: Sequence[str], body: Mapping[str, Any]) -> Batch:
    """The batch behind a Celery chord: its header's jobs are the members, its body follows with their results."""
    return Batch.objects.create(
        pk=batch_id,
        name="chord",
        status=BatchStatus.CLOSED,
        total=len(ids),
        chord=registry.plain("chord", {"ids": list(ids), "body": dict(body)}),
        correlation_id=correlation.current(),
        created_at=Now(),
    )


def run_once() -> int:
    """Count unfinished batches and finish those whose members have ended. Returns how many were finished."""
    open_ones = Batch.objects.filter(finished_at=None).order_by("created_at")[:AT_ONCE]
    return sum(_look_at(batch) for batch in open_ones)


def _look_at(batch: Batch) -> bool:
    rows = Job.objects.filter(batch=batch).order_by().values_list("status").annotate(Count("id"))
    counts = Counter(dict(rows))
    completed = counts[JobStatus.COMPLETED]
    failed = counts[JobStatus.FAILED] + counts[JobStatus.DEAD]
    total = max(counts.total(), batch.total)
    if (batch.total, batch.completed, batch.failed) != (total, completed, failed):
        Batch.objects.filter(pk=batch.pk).update(total=total, completed=completed, failed=failed)
    if failed and batch.stop_on_failure:
        _cancel_members(batch.pk, WAITING, by="batch", reason="a member failed")
    ended = sum(counts[status] for status in FINAL)
    if batch.status == BatchStatus.OPEN or ended < total or _has_open_children(batch):
        return False
    return _finish(batch, all_completed=completed == total)


def _has_open_children(batch: Batch) -> bool:
    return Batch.objects.filter(parent=batch, finished_at=None).exists()


def _finish(batch: Batch, *, all_completed: bool) -> bool:
    ended = BatchStatus.COMPLETED if all_completed else BatchStatus.FAILED
    status = BatchStatus.CANCELLED if batch.status == BatchStatus.CANCELLED else ended
    with transaction.atomic():
        mine = Batch.objects.filter(pk=batch.pk, finished_at=None).update(status=status, finished_at=Now())
        if mine:
            _go_on(batch, all_completed=all_completed)
    return bool(mine)


def _go_on(batch: Batch, *, all_completed: bool) -> None:
    followers = [(batch.on_complete, "complete"), (batch.on_success if all_completed else None, "success")]
    try:
        for follower, why in followers:
            if follower:
                enqueueing.enqueue(
                    follower["task"],
                    follower["args"],
                    key=f"batch:{batch.pk}:{why}",
                    owner_id=batch.owner_id,
                    correlation_id=batch.correlation_id,
                )
        if batch.chord and all_completed:
            Signature.from_dict(batch.chord["body"]).apply_async((_results(batch.chord["ids"]),))
    except Refused as error:  # a task that is gone by now must not keep the batch from ending
        log.error("batch cannot go on", action="batch_refused", batch=str(batch.pk), reason=str(error))


def _results(ids: Sequence[str]) -> list[Any]:
    by_id = dict(TaskResult.objects.filter(task_id__in=ids).values_list("task_id", "result"))
    return [json.loads(by_id[task_id]) if by_id.get(task_id) else None for task_id in ids]


def _cancel_members(batch_id: uuid.UUID, statuses: Sequence[JobStatus], *, by: str, reason: str) -> int:
    members = Job.objects.filter(batch=batch_id, status__in=statuses, cancel_requested_at=None)
    total = 0
    while ids := list(members.values_list("pk", flat=True)[:CANCEL_AT_ONCE]):
        total += sum(lifecycle.cancel(pk, by=by, reason=reason) is not None for pk in ids)
    return total


def _checked(then: Then | None) -> dict[str, Any] | None:
    if then is None:
        return None
    task, args = then
    return {"task": task, "args": registry.get(task).bind((), args)}
