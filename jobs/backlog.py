"""What waits, by queue and task: counted in one reading of its index, however much it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q

from jobs.clock import Now
from jobs.models import Job
from jobs.models.job import CANARY


@dataclass(frozen=True)
class Backlog:
    """Of one queue and task: how many are due, how many wait for a later time, since when the oldest one is due."""

    queue: str
    task: str
    due: int
    later: int
    oldest: datetime | None

    @property
    def jobs(self) -> int:
        return self.due + self.later


def of_people() -> list[Backlog]:
    """All that waits but the platform's own."""
    due = Q(run_at__lte=Now())
    # Only what the index holds: a count of ids, or a task in the condition, would have each row looked at.
    rows = Job.objects.waiting().order_by().values_list("queue", "task").annotate(
        number=Count("*"), due=Count("id", filter=due), oldest=Min("run_at", filter=due)
    )  # fmt: skip
    return [
        Backlog(queue, task, ready, number - ready, oldest)
        for queue, task, number, ready, oldest in rows
        if task != CANARY
    ]


def of_queue(backlog: Iterable[Backlog], queue: str) -> Backlog:
    """Its tasks taken together."""
    parts = [part for part in backlog if part.queue == queue]
    return Backlog(
        queue,
        "",
        sum(part.due for part in parts),
        sum(part.later for part in parts),
        min((part.oldest for part in parts if part.oldest), default=None),
    )
