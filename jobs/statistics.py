"""Counting what ended, each job's end once: the figures of charts and of `/metrics`.

The dispatcher counts a little behind the present: an end that is written but not yet committed is not missed so.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Subquery
from django.db.models.functions import Least

from jobs import clock, totals
from jobs.clock import Now
from jobs.lifecycle.moves import lock
from jobs.models import FINAL, Counted, Job, Slice, Tally

BOUNDS = (
    0.01,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10,
    30,
    60,
    120,
    300,
    600,
    1800,
    3600,
)  # seconds; the last list is +Inf
WIDTHS = (5, 30, 180)  # minutes of a slice: each end is counted in one of each
KEPT = timedelta(days=8)
BEHIND = 5.0  # seconds
AT_ONCE = timedelta(minutes=5)  # of ended jobs, counted in one transaction
ENDED = "ended jobs"

Key = tuple[str, str, str]
Place = tuple[int, datetime]  # of a slice: its width and beginning


@dataclass
class Sum:
    """What a row of figures grows by."""

    jobs: int = 0
    started: int = 0
    wait_sum: float = 0
    run_sum: float = 0
    total_sum: float = 0
    waits: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    runs: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    totals: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))

    def add(self, wait: float | None, run: float | None, total: float) -> None:
        self.jobs += 1
        self.total_sum += total
        self.totals[bisect_left(BOUNDS, total)] += 1
        if wait is None or run is None:
            return
        self.started += 1
        self.wait_sum += wait
        self.run_sum += run
        self.waits[bisect_left(BOUNDS, wait)] += 1
        self.runs[bisect_left(BOUNDS, run)] += 1

    def grow(self, row: Tally | Slice) -> None:
        for name in ("jobs", "started", "wait_sum", "run_sum", "total_sum"):
            setattr(row, name, getattr(row, name) + getattr(self, name))
        for name in ("waits", "runs", "totals"):
            setattr(row, name, merged(getattr(row, name), getattr(self, name)))


def run_once() -> int:
    """Count what ended since the last time. Returns how many jobs."""
    with transaction.atomic():
        window = _next_window()
        if window is None:
            return 0
        tallies, slices = _sums(_ended(window))
        _add(Tally, tallies)
        for (width, at), sums in slices.items():
            _add(Slice, sums, width=width, at=at)
        totals.count(window)
        Slice.objects.filter(at__lt=clock.now() - KEPT).delete()
    return sum(found.jobs for found in tallies.values())


def merged(one: Sequence[int], other: Sequence[int]) -> list[int]:
    """Two lists of counts as one; an empty one counts nothing."""
    return [a + b for a, b in zip(one, other, strict=True)] if one and other else list(one or other)


def quantile(counts: Sequence[int], share: float) -> float | None:
    """The time that this share of the jobs stayed below, in seconds: a bound of their class, or None without jobs."""
    wanted = share * sum(counts)
    if not wanted:
        return None
    seen = 0
    for bound, count in zip(BOUNDS, counts, strict=False):
        seen += count
        if seen >= wanted:
            return bound
    return float("inf")


def floor(moment: datetime, width: int) -> datetime:
    """When the slice of this width begins that a moment is in."""
    size = width * 60
    return datetime.fromtimestamp(moment.timestamp() // size * size, tz=moment.tzinfo)


def _next_window() -> Counted | None:
    """Move on to the time after what was counted, or None where nothing has passed. Its row is locked."""
    # Only the database writes and compares these times: on SQLite one that went through Python is written differently.
    marks = Counted.objects.filter(pk=ENDED)
    if not lock(marks).exists():
        Counted.objects.bulk_create([Counted(name=ENDED, since=clock.now(), until=clock.now())], ignore_conflicts=True)
        marks.update(since=Now(-BEHIND), until=Now(-BEHIND))
        return None
    behind = marks.filter(until__lt=Now(-BEHIND))
    moved = behind.update(since=F("until"), until=Least(Now(-BEHIND), F("until") + AT_ONCE))
    return marks.get() if moved else None


def _ended(window: Counted) -> Iterable[tuple[Any, ...]]:
    mark = Counted.objects.filter(pk=window.pk)
    ended = Job.objects.of_people().filter(
        status__in=FINAL,
        finished_at__gt=Subquery(mark.values("since")),
        finished_at__lte=Subquery(mark.values("until")),
    )
    columns = ("queue", "task", "status", "created_at", "run_at", "started_at", "finished_at")
    return ended.order_by().values_list(*columns).iterator(chunk_size=2000)


def _sums(ended: Iterable[tuple[Any, ...]]) -> tuple[dict[Key, Sum], dict[Place, dict[Key, Sum]]]:
    tallies: dict[Key, Sum] = defaultdict(Sum)
    slices: dict[Place, dict[Key, Sum]] = defaultdict(lambda: defaultdict(Sum))
    for queue, task, status, created_at, run_at, started_at, finished_at in ended:
        due_at = max(created_at, run_at)
        ran_at = started_at if started_at and started_at >= due_at else None  # else it ended while it waited
        wait, run = _seconds(due_at, ran_at), _seconds(ran_at, finished_at)
        total = _seconds(created_at, finished_at) or 0.0
        key = (queue, task, status)
        for sums in (tallies, *(slices[width, floor(finished_at, width)] for width in WIDTHS)):
            sums[key].add(wait, run, total)
    return tallies, slices


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return max(0.0, (end - start).total_seconds()) if start and end else None


def _add(model: type[Tally] | type[Slice], sums: dict[Key, Sum], **place: Any) -> None:
    known = {(row.queue, row.task, row.outcome): row for row in model._default_manager.filter(**place)}
    for key, found in sums.items():
        queue, task, outcome = key
        row = known.get(key) or model(queue=queue, task=task, outcome=outcome, **place)
        found.grow(row)
        row.save()
