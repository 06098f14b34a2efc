"""What the last hour, day and week were like: read from the slices, never from the jobs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jobs import clock
from jobs.models import JobStatus, Slice
from jobs.queues import QUEUES
from jobs.statistics import merged, quantile

FAILURES = (JobStatus.FAILED, JobStatus.DEAD)
PERIODS = {  # how far back, and how wide a point of the chart is
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

    def add(self, part: Slice) -> None:
        self.ended += part.jobs
        self.failed += part.jobs if part.outcome in FAILURES else 0
        self.waits, self.runs = merged(self.waits, part.waits), merged(self.runs, part.runs)
        self.totals = merged(self.totals, part.totals)

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
    for part in _slices(period):
        if part.queue in found:
            found[part.queue].add(part)
    return found


def series(period: timedelta, step: timedelta) -> dict[str, list[Point]]:
    """For each queue a point for each step, the oldest first, also where nothing ended."""
    size = step.total_seconds()
    last = clock.now().timestamp() // size
    first = last - period.total_seconds() // size + 1
    counts: dict[tuple[str, float], list[int]] = defaultdict(lambda: [0, 0])
    for part in _slices(period):
        count = counts[part.queue, part.at.timestamp() // size]
        count[0] += part.jobs
        count[1] += part.jobs if part.outcome in FAILURES else 0
    steps = [first + number for number in range(int(last - first) + 1)]
    zone = clock.now().tzinfo
    return {
        queue: [Point(datetime.fromtimestamp(at * size, zone), *counts.get((queue, at), (0, 0))) for at in steps]
        for queue in QUEUES
    }


def _slices(period: timedelta) -> Iterable[Slice]:
    return Slice.objects.filter(at__gt=clock.now() - period)
