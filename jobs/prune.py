"""Finished jobs are kept for a while, then go with their results, attempts and history. Effects stay."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction
from django.db.models import Q
from django_celery_results.models import TaskResult

from jobs.clock import Now
from jobs.config import config
from jobs.models import FINAL, Batch, IdempotencyKey, Job
from jobs.queues import QUEUES

AT_ONCE = 200  # rows of one transaction: SQLite has one writer
DAY = 86_400.0
KEYS_KEPT = 7 * DAY  # seconds


def run_once(limit: int = AT_ONCE) -> int:
    """Remove up to `limit` jobs of each shelf whose time is over. Returns how many went."""
    Batch.objects.filter(finished_at__lt=Now(-KEYS_KEPT), jobs=None, children=None).delete()
    IdempotencyKey.objects.filter(created_at__lt=Now(-KEYS_KEPT)).delete()
    return sum(_prune(shelf, days, limit) for shelf, days in shelves())


def shelves() -> Iterator[tuple[Q, float]]:
    """Which jobs are kept for how many days: those of a status, and of a queue that has days of its own for it."""
    days = config().RETENTION
    for status in FINAL:
        own = {queue: days[f"{status}:{queue}"] for queue in QUEUES if f"{status}:{queue}" in days}
        for queue, number in own.items():
            yield Q(status=status, queue=queue), number
        if status in days:
            yield Q(status=status) & ~Q(queue__in=own) if own else Q(status=status), days[status]


def _prune(shelf: Q, days: float, limit: int) -> int:
    with transaction.atomic():
        uncounted = Q(batch__isnull=False, batch__finished_at=None)  # a batch that goes on counts its members
        over = Job.objects.filter(shelf, ~uncounted, finished_at__lt=Now(-days * DAY))
        ids = list(over.order_by("finished_at").values_list("pk", flat=True)[:limit])
        if ids:
            TaskResult.objects.filter(task_id__in=[str(pk) for pk in ids]).delete()
            Job.objects.filter(pk__in=ids).delete()
    return len(ids)
