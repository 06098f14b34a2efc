"""What came of one sync: every job with its correlation id, counted."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db.models import Count

from fikiri.laptop.interrupts import Waiter
from jobs.models import Job, JobStatus

UNFINISHED = (JobStatus.PENDING, JobStatus.PROCESSING, JobStatus.RETRYING)
TROUBLE = (JobStatus.FAILED, JobStatus.DEAD, JobStatus.CANCELLED, JobStatus.EXPIRED, JobStatus.IN_DOUBT)
POLL = 0.25  # seconds


@dataclass
class Tally:
    """Jobs by status, and by task how many are finished of how many."""

    statuses: Counter[str] = field(default_factory=Counter)
    finished: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)
    completed: Counter[str] = field(default_factory=Counter)

    @property
    def unfinished(self) -> int:
        return sum(self.statuses[status] for status in UNFINISHED)

    @property
    def trouble(self) -> int:
        return sum(self.statuses[status] for status in TROUBLE)


@dataclass(frozen=True)
class Followed:
    """How it went. `seconds`: from the first job's start to the last one's end, as seen from here."""

    tally: Tally
    seconds: float
    timed_out: bool


def tally(correlation_id: str) -> Tally:
    """Count the jobs of one correlation id, in one query."""
    counted = Tally()
    rows = Job.objects.filter(correlation_id=correlation_id).order_by().values_list("task", "status")
    for task, status, number in rows.annotate(number=Count("id")):
        counted.statuses[status] += number
        counted.total[task] += number
        if status not in UNFINISHED:
            counted.finished[task] += number
        if status == JobStatus.COMPLETED:
            counted.completed[task] += number
    return counted


def follow(
    sync: Job,
    waiter: Waiter,
    *,
    show: Callable[[Job, Tally], None],
    tend: Callable[[], None],
    timeout: float,
    retries_too: bool = True,
) -> Followed:
    """Wait until every job that came of a sync is finished, or `timeout` seconds have passed.

    Without `retries_too`, jobs that wait for another try are not waited for. A job enqueues its children in the
    transaction that finishes it, so nothing unfinished means that all is done.
    """
    asked = started = time.monotonic()
    while True:
        tend()
        counted = tally(sync.correlation_id)
        sync.refresh_from_db()
        if not sync.attempt:
            started = time.monotonic()
        show(sync, counted)
        left = counted.unfinished - (0 if retries_too else counted.statuses[JobStatus.RETRYING])
        now = time.monotonic()
        if not left or now - asked > timeout:
            return Followed(counted, now - started, timed_out=left > 0)
        waiter.wait(POLL)
