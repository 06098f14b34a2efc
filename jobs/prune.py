"""Finished jobs are kept for a while, then go with their results, attempts and history. Effects stay."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django_celery_results.models import TaskResult

from jobs.clock import Now
from jobs.config import config
from jobs.models import FINAL, Batch, IdempotencyKey, Job, JobStatus

AT_ONCE = 200  # rows of one transaction: SQLite has one writer
DAY = 86_400.0
KEYS_KEPT = 7 * DAY  # seconds


def run_once(limit: int = AT_ONCE) -> int:
    """Remove up to `limit` jobs of each status whose time is over. Returns how many went."""
    Batch.objects.filter(finished_at__lt=Now(-KEYS_KEPT), jobs=None, children=None).delete()
    IdempotencyKey.objects.filter(created_at__lt=Now(-KEYS_KEPT)).delete()
    return sum(_prune(status, limit) for status in FINAL)


def _prune(status: JobStatus, limit: int) -> int:
    days = config().RETENTION.get(status)
    if days is None:
        return 0
    with transaction.atomic():
        uncounted = Q(batch__isnull=False, batch__finished_at=None)  # a batch that goes on counts its members
        over = Job.objects.filter(~uncounted, status=status, finished_at__lt=Now(-days * DAY))
        ids = list(over.order_by("finished_at").values_list("pk", flat=True)[:limit])
        if ids:
            TaskResult.objects.filter(task_id__in=[str(pk) for pk in ids]).delete()
            Job.objects.filter(pk__in=ids).delete()
    return len(ids)
