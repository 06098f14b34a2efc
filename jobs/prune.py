"""Finished jobs are kept for a while, then go with their results, attempts and history. Effects stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django_celery_results.models import TaskResult

from jobs import audit
from jobs.clock import Now
from jobs.config import config
from jobs.models import FINAL, Batch, IdempotencyKey, Job, JobQuerySet, StageRun, Telling
from jobs.queues import QUEUES

AT_ONCE = 200  # rows of one transaction: SQLite has one writer
DAY = 86_400.0
KEYS_KEPT = 7 * DAY  # seconds
TELLINGS_KEPT = 90 * DAY  # seconds


def run_once(limit: int = AT_ONCE) -> int:
    """Remove up to `limit` jobs of each shelf whose time is over. Returns how many went."""
    uncounted = Q(parent__isnull=False, parent__finished_at=None)  # one that goes on counts what is within it
    Batch.objects.filter(~uncounted, finished_at__lt=Now(-KEYS_KEPT), jobs=None, children=None).delete()
    Telling.objects.filter(at__lt=Now(-TELLINGS_KEPT)).delete()
    StageRun.objects.filter(at__lt=Now(-KEYS_KEPT)).delete()
    IdempotencyKey.objects.filter(created_at__lt=Now(-KEYS_KEPT)).delete()
    return sum(_prune(shelf, limit) for shelf in shelves())


def run_all(*, by: str) -> int:
    """Remove all whose time is over, as a person asks; it is recorded. Returns how many went."""
    total = 0
    while removed := run_once():
        total += removed
    if total:
        audit.record("prune", "jobs", by=by, after={"removed": total})
    return total


@dataclass(frozen=True)
class Shelf:
    """Ended jobs that are kept equally long: of a status, and of one queue or of all but those that are apart."""

    status: str
    days: float
    queue: str = ""
    apart: Sequence[str] = ()

    def jobs(self) -> JobQuerySet:
        found = Job.objects.filter(status=self.status)
        if self.queue:
            return found.filter(queue=self.queue)
        return found.exclude(queue__in=self.apart) if self.apart else found

    def overdue(self) -> JobQuerySet:
        """Those whose time is over; members of a batch that goes on are counted there, and wait for its end."""
        counted = Q(batch__isnull=False, batch__finished_at=None)
        return self.jobs().filter(~counted, finished_at__lt=Now(-self.days * DAY))


def shelves() -> Iterator[Shelf]:
    """How long which jobs are kept."""
    days = config().RETENTION
    for status in FINAL:
        own = {queue: days[f"{status}:{queue}"] for queue in QUEUES if f"{status}:{queue}" in days}
        for queue, number in own.items():
            yield Shelf(status, number, queue)
        if status in days:
            yield Shelf(status, days[status], apart=tuple(own))


def _prune(shelf: Shelf, limit: int) -> int:
    with transaction.atomic():
        ids = list(shelf.overdue().order_by("finished_at").values_list("pk", flat=True)[:limit])
        if ids:
            TaskResult.objects.filter(task_id__in=[str(pk) for pk in ids]).delete()
            Job.objects.filter(pk__in=ids).delete()
    return len(ids)
