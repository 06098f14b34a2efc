"""What the last hour, day and week were like: read from the slices, never from the jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import QuerySet, Sum

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


@dataclass(frozen=True)
class Point:
    """One step of a chart: jobs that ended in it, and those of them that failed."""

    at: datetime
    ended: int
    failed: int


def of_queues(period: timedelta) -> dict[str, Recent]:
    """Every queue's last while, whether or not something ended in it."""
    found = {name: Recent() for name in QUEUES}
    width = max((width for width in WIDTHS if FEWEST * timedelta(minutes=width) <= period), default=WIDTHS[0])
    parts = _slices(period, width).values_list("queue", "outcome", "jobs", "waits", "runs", "totals")
    for queue, *figures in parts:
        if queue in found:
            found[queue].add(*figures)
    return found


def series(period: timedelta, step: timedelta) -> dict[str, list[Point]]:
    """For each queue a point for each step, the oldest first, also where nothing ended."""
    size = step.total_seconds()
    now = clock.now()
    last = now.timestamp() // size
    first = last - period.total_seconds() // size + 1
    counts: Counter[tuple[str, float, str]] = Counter()
    parts = _slices(period, int(size) // 60).order_by().values_list("queue", "at", "outcome").annotate(Sum("jobs"))
    for queue, at, outcome, jobs in parts:
        for kind in ("ended", "failed") if outcome in FAILURES else ("ended",):
            counts[queue, at.timestamp() // size, kind] += jobs
    steps = [first + number for number in range(int(last - first) + 1)]
    return {
        queue: [
            Point(
                datetime.fromtimestamp(at * size, now.tzinfo), counts[queue, at, "ended"], counts[queue, at, "failed"]
            )
            for at in steps
        ]
        for queue in QUEUES
    }


def _slices(period: timedelta, width: int) -> QuerySet[Slice]:
    # A time that is known beforehand: of one that is not, the database expects so many rows that it reads all slices.
    return Slice.objects.filter(width=width, at__gt=clock.now() - period)
