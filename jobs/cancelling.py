"""Cancelling many jobs: first what it would mean, then in small transactions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from jobs import audit, clock, lifecycle
from jobs.models import WAITING, Effect, EffectStatus, Job, JobStatus
from jobs.reports import clean, storable

MOST = 10_000  # jobs of one call, unless it says otherwise
AT_ONCE = 200  # jobs of one transaction
TASKS = 20  # shown, the most frequent first
OPEN = (*WAITING, JobStatus.PROCESSING)


@dataclass(frozen=True)
class CancelPreview:
    """What cancelling these jobs would mean.

    `running` are asked to stop. `effects_made` have happened and stay so; `effects_begun` may still happen.
    `until`: jobs that are enqueued later are not in it.
    """

    waiting: int
    running: int
    tasks: dict[str, int]
    other_tasks: int
    effects_made: int
    effects_begun: int
    until: datetime

    @property
    def count(self) -> int:
        return self.waiting + self.running


@dataclass
class CancelledMany:
    """How many were cancelled, how many run and were asked to stop, how many are left."""

    done: int = 0
    asked: int = 0
    left: int = 0


def preview_cancel(jobs: QuerySet[Job]) -> CancelPreview:
    """Count what `cancel_many` would cancel, by task. Changes nothing."""
    until = clock.now()
    jobs = _open(jobs, until)
    groups: dict[str, int] = {}
    running = 0
    for task, status, number in jobs.values_list("task", "status").annotate(Count("pk")):
        groups[task] = groups.get(task, 0) + number
        running += number if status == JobStatus.PROCESSING else 0
    tasks = sorted(groups.items(), key=lambda group: (-group[1], group[0]))
    effects = Effect.objects.filter(job__in=jobs.values("pk"))
    return CancelPreview(
        waiting=sum(groups.values()) - running,
        running=running,
        tasks=dict(tasks[:TASKS]),
        other_tasks=len(tasks[TASKS:]),
        effects_made=effects.filter(status=EffectStatus.CONFIRMED).count(),
        effects_begun=effects.filter(status=EffectStatus.ATTEMPTING).count(),
        until=until,
    )


def cancel_many(
    jobs: QuerySet[Job],
    *,
    by: str,
    reason: str = "",
    limit: int = MOST,
    until: datetime | None = None,
    origin: str = "",
    named: Any = None,
) -> CancelledMany:
    """Cancel the waiting ones of these jobs and ask the running ones to stop; recorded with who and why.

    Args:
        limit: How many at most.
        until: Of a preview: what was enqueued after it is left alone.
        named: How the record says which.
    """
    by, reason = storable(by), clean(reason)
    jobs = _open(jobs, until or clock.now())
    answer = CancelledMany()
    while (room := limit - answer.done - answer.asked) > 0:
        ids = list(jobs.values_list("pk", flat=True)[: min(AT_ONCE, room)])
        if not ids:
            break
        cancelled = lifecycle.cancel_many(ids, by=by, reason=reason)
        answer.done += cancelled.done
        answer.asked += cancelled.asked
    answer.left = jobs.count()
    if answer.done or answer.asked:
        after = {"done": answer.done, "asked": answer.asked, "left": answer.left}
        audit.record("cancel", "jobs", by=by, reason=reason, origin=origin, before=named, after=after)
    return answer


def _open(jobs: QuerySet[Job], until: datetime) -> QuerySet[Job]:
    """Those that can be cancelled and were not asked yet, in any order."""
    return jobs.filter(status__in=OPEN, cancel_requested_at=None, created_at__lte=until).order_by()
