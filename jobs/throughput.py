"""What the last hour, day and week were like: read from the slices, never from the jobs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import QuerySet

from jobs import clock
from jobs.models import JobStatus, Slice
from jobs.queues import QUEUES
from jobs.statistics import WIDTHS, merged, quantile

FAILURES = (JobStatus.FAILED, JobStatus.DEAD)
FEWEST = 12  # slices that a period is read from, where there are some so narrow
PERIODS = {  # how far back, and how wide a point of the chart is: a width of the slices
    "hour": (timedelta(hours=1), timedelta(minutes=5)),
    "day": (timedelta(days=1), timedelta(minutes=30)),
    "week": (timedelta(days=7), timedelta(hours=3)),
}


@dataclass
class Recent:
    """Of one queue. Times are seconds: the bound that half of the jobs, and 95 of 100, stayed below."""

    ended: int = 0
    failed: int = 0
    waits: list[int] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)

    def add(self, outcome: str, jobs: int, *times: Sequence[int]) -> None:
        self.ended += jobs
        self.failed += jobs if outcome in FAILURES else 0
        waits, runs, totals = times
        self.waits, self.runs = merged(self.waits, waits), merged(self.runs, runs)
        self.totals = merged(self.totals, totals)

    def join(self, other: Recent) -> None:
        self.ended += other.ended
        self.failed += other.failed
        self.waits, self.runs = merged(self.waits, other.waits), merged(self.runs, other.runs)
        self.totals = merged(self.totals, other.totals)

    @property
    def failure_rate(self) -> float:
        return self.failed / self.ended if self.ended else 0.0

    @property
    def wait_median(self) -> float | None:
        return quantile(self.waits, 0.5)

    @property
    def wait_95(self) -> float | None:
        return quantile(self.waits, 0.95)

    @property
    def run_median(self) -> float | None:
        return quantile(self.runs, 0.5)

    @property
    def run_95(self) -> float | None:
        return quantile(self.runs, 0.95)

    @property
    def total_95(self) -> float | None:
        return quantile(self.totals, 0.95)


@dataclass(kw_only=True)
class Point(Recent):
    """One step of a chart: what ended in it."""

    at: datetime


@dataclass
class Past:
    """Of one queue: a period as a whole, and a point for each step, the oldest first, also where nothing ended."""

    whole: Recent
    points: list[Point]


def of_queues(period: timedelta) -> dict[str, Recent]:
    """Every queue's last while, whether or not something ended in it."""
    found = {name: Recent() for name in QUEUES}
    width = max((width for width in WIDTHS if FEWEST * timedelta(minutes=width) <= period), default=WIDTHS[0])
    parts = _slices(period, width).values_list("queue", "outcome", "jobs", "waits", "runs", "totals")
    for queue, *figures in parts:
        if queue in found:
            found[queue].add(*figures)
    return found


def past(period: timedelta, step: timedelta) -> dict[str, Past]:
    """Every queue's. From one read: a chart and the numbers beside it are of the same moment."""
    size = step.total_seconds()
    now = clock.now()
    last = int(now.timestamp() // size)
    steps = range(last - int(period / step) + 1, last + 1)
    found = {name: Past(Recent(), [Point(at=_begin(number, size, now)) for number in steps]) for name in QUEUES}
    for (queue, at), slices in _by_place(_slices(period, int(size) // 60)).items():
        if queue not in found:
            continue
        found[queue].whole.join(slices)
        number = int(at.timestamp() // size)
        if number in steps:
            found[queue].points[number - steps.start].join(slices)
    return found


def _begin(number: int, size: float, now: datetime) -> datetime:
    return datetime.fromtimestamp(number * size, now.tzinfo)


def _by_place(slices: QuerySet[Slice]) -> dict[tuple[str, datetime], Recent]:
    """Over all tasks and outcomes, by queue and beginning."""
    found: dict[tuple[str, datetime], Recent] = defaultdict(Recent)
    for queue, at, *figures in slices.values_list("queue", "at", "outcome", "jobs", "waits", "runs", "totals"):
        found[queue, at].add(*figures)
    return found


def _slices(period: timedelta, width: int) -> QuerySet[Slice]:
    # A time that is known beforehand: of one that is not, the database expects so many rows that it reads all slices.
    return Slice.objects.filter(width=width, at__gt=clock.now() - period)
