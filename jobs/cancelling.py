"""Cancelling many jobs: first what it would mean, then in small transactions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jobs import audit, clock, effects, lifecycle, query
from jobs.models import WAITING, JobQuerySet, JobStatus
from jobs.reports import clean, storable

MOST = 10_000  # jobs of one call, unless it says otherwise
AT_ONCE = 200  # jobs of one transaction
TASKS = 20  # shown, the most frequent first
OPEN = (*WAITING, JobStatus.PROCESSING)


@dataclass(frozen=True)
class CancelPreview:
    """What cancelling these jobs would mean.

    `running` are asked to stop. `effects_made` have happened and stay so; `effects_begun` may still happen.
    `until`: jobs that are enqueued later are not in it. `since`: those that wait and were enqueued before it were not
    counted; None: all were.
    """

    waiting: int
    running: int
    tasks: dict[str, int]
    other_tasks: int
    effects_made: int
    effects_begun: int
    until: datetime
    since: datetime | None

    @property
    def count(self) -> int:
        return self.waiting + self.running


@dataclass
class CancelledMany:
    """How many were cancelled, how many run and were asked to stop, how many are left."""

    done: int = 0
    asked: int = 0
    left: int = 0


def preview_cancel(jobs: JobQuerySet, text: str = "", *, owner_id: int | None = None) -> CancelPreview:
    """Count what `cancel_many` would cancel of the jobs that a text asks for, by task. Changes nothing.

    Counted are all that run, and the newest of those that wait, as far back as one look goes.

    Args:
        owner_id: Whose they are, if they are all of one owner.

    Raises:
        BadQuery: of the text.
    """
    until = clock.now()
    opened = _open(jobs, until)
    waiting = query.look(opened, text, narrowed=[query.Word("status", "", WAITING)], owner_id=owner_id)
    return _preview(waiting.jobs, query.search(opened, text), until, waiting.ends)


def preview_of(jobs: JobQuerySet) -> CancelPreview:
    """As `preview_cancel`, of a few jobs: each of them is counted."""
    until = clock.now()
    opened = _open(jobs, until)
    return _preview(opened, opened, until, None)


def cancel_many(
    jobs: JobQuerySet,
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


def _preview(waiting: JobQuerySet, running: JobQuerySet, until: datetime, since: datetime | None) -> CancelPreview:
    parts = (waiting.filter(status__in=WAITING), running.filter(status=JobStatus.PROCESSING))
    waits, runs = (Counter(part.order_by().values_list("task", flat=True)) for part in parts)
    tasks = sorted((waits + runs).items(), key=lambda group: (-group[1], group[0]))
    made, begun = (sum(numbers) for numbers in zip(*map(effects.counted, parts), strict=True))
    return CancelPreview(
        waiting=waits.total(),
        running=runs.total(),
        tasks=dict(tasks[:TASKS]),
        other_tasks=len(tasks[TASKS:]),
        effects_made=made,
        effects_begun=begun,
        until=until,
        since=since,
    )


def _open(jobs: JobQuerySet, until: datetime) -> JobQuerySet:
    """Those that can be cancelled and were not asked yet, in any order."""
    return jobs.filter(status__in=OPEN, cancel_requested_at=None, created_at__lte=until).order_by()
