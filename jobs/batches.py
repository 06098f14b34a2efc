"""Batches: a set of jobs with counted progress, and what follows when all have ended.

Settling never touches a batch's row: two last members settling at once would each see the other unfinished. The
dispatcher counts by index, and the one guarded update that closes the batch enqueues what follows.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from typing import Any

import structlog
from celery.canvas import Signature
from django.db import transaction
from django.db.models import Count, Sum
from django_celery_results.models import TaskResult

from jobs import audit, correlation, enqueueing, lifecycle, registry
from jobs.arguments import plain
from jobs.clock import Now
from jobs.errors import Refused
from jobs.models import WAITING, Batch, BatchStatus, Job, JobStatus

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
        parent: Is not finished before this one, and counts its members too.

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
    """Cancel the members that wait or run, those of the batches within it too. Returns how many of them."""
    batches = _with_those_within(batch_id)
    going_on = Batch.objects.filter(finished_at=None).exclude(status=BatchStatus.CANCELLED)
    changed = sum(going_on.filter(pk=pk).update(status=BatchStatus.CANCELLED) for pk in sorted(batches))
    number = _cancel_members(batches, [*WAITING, JobStatus.PROCESSING], by=by, reason=reason)
    if changed or number:
        audit.record("cancel", f"batch {batch_id}", by=by, reason=reason, after={"cancelled": number})
    return number


def for_chord(batch_id: uuid.UUID, ids: Sequence[str], body: Mapping[str, Any]) -> Batch:
    """The batch behind a Celery chord: its header's jobs are the members, its body follows with their results."""
    return Batch.objects.create(
        pk=batch_id,
        name="chord",
        status=BatchStatus.CLOSED,
        total=len(ids),
        chord=plain("chord", {"ids": list(ids), "body": dict(body)}).values,
        correlation_id=correlation.current(),
        created_at=Now(),
    )


@dataclass(frozen=True)
class Counts:
    total: int
    completed: int
    failed: int
    dropped: int

    @property
    def ended(self) -> int:
        return self.completed + self.failed + self.dropped

    @property
    def all_ended(self) -> bool:
        return self.ended >= self.total


def count(batch: Batch) -> Counts:
    """Its members as they are now, and those of the batches within it as they were last counted."""
    # Counted by the index alone, which a column outside of it would prevent.
    rows = Job.objects.filter(batch=batch).order_by().values_list("status").annotate(number=Count("*"))
    own = Counter(dict(rows))
    sums = Batch.objects.filter(parent=batch).aggregate(*map(Sum, ("total", "completed", "failed", "dropped")))
    total, completed, failed, dropped = (number or 0 for number in sums.values())
    return Counts(
        total=max(own.total() + total, batch.total),
        completed=own[JobStatus.COMPLETED] + completed,
        failed=own[JobStatus.FAILED] + own[JobStatus.DEAD] + failed,
        dropped=own[JobStatus.CANCELLED] + own[JobStatus.EXPIRED] + dropped,
    )


class Watcher:
    """Looks at every unfinished batch in turn, some a round: old ones that wait for long keep no place from others."""

    def __init__(self) -> None:
        self._after: uuid.UUID | None = None

    def run_once(self) -> int:
        """Count, and finish those whose members have ended. Returns how many were finished."""
        unfinished = Batch.objects.filter(finished_at=None).order_by("pk")
        rest = unfinished.filter(pk__gt=self._after) if self._after else unfinished
        some = list(rest[:AT_ONCE])
        self._after = some[-1].pk if len(some) == AT_ONCE else None
        return sum(_look_at(batch) for batch in some)


def run_once() -> int:
    """One round of a `Watcher` of its own."""
    return Watcher().run_once()


def _look_at(batch: Batch) -> bool:
    counts = count(batch)
    if (batch.total, batch.completed, batch.failed, batch.dropped) != astuple(counts):
        Batch.objects.filter(pk=batch.pk).update(**asdict(counts))
    if counts.failed and batch.stop_on_failure:
        _cancel_members(_with_those_within(batch.pk), WAITING, by="batch", reason="a member failed")
    if batch.status == BatchStatus.CANCELLED:  # what a member that still ran has added
        _cancel_members([batch.pk], WAITING, by="batch", reason="its batch is cancelled")
    return batch.status != BatchStatus.OPEN and counts.all_ended and _finish(batch.pk)


def _finish(batch_id: uuid.UUID) -> bool:
    """End it, if nothing unfinished is left: counted again under its lock, which whoever runs a member again takes."""
    with transaction.atomic():
        batch = lifecycle.lock(Batch.objects.filter(pk=batch_id, finished_at=None)).first()
        if batch is None or _has_open_children(batch):
            return False
        counts = count(batch)
        if not counts.all_ended:
            return False
        all_completed = counts.completed == counts.total
        if batch.status != BatchStatus.CANCELLED:
            batch.status = BatchStatus.COMPLETED if all_completed else BatchStatus.FAILED
        Batch.objects.filter(pk=batch.pk).update(status=batch.status, finished_at=Now(), **asdict(counts))
        _go_on(batch, all_completed=all_completed)
    return True


def _has_open_children(batch: Batch) -> bool:
    return Batch.objects.filter(parent=batch, finished_at=None).exists()


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


def _with_those_within(batch_id: uuid.UUID) -> list[uuid.UUID]:
    """A batch, its children, theirs ..."""
    found = level = [batch_id]
    while level := list(Batch.objects.filter(parent__in=level).order_by().values_list("pk", flat=True)):
        found = [*found, *level]
    return found


def _cancel_members(batches: Sequence[uuid.UUID], statuses: Sequence[JobStatus], *, by: str, reason: str) -> int:
    members = Job.objects.filter(batch__in=batches, status__in=statuses, cancel_requested_at=None)
    total = 0
    while ids := list(members.values_list("pk", flat=True)[:CANCEL_AT_ONCE]):
        total += sum(lifecycle.cancel(pk, by=by, reason=reason) is not None for pk in ids)
    return total


def _checked(then: Then | None) -> dict[str, Any] | None:
    if then is None:
        return None
    task, args = then
    return {"task": task, "args": registry.get(task).bind((), args)}
