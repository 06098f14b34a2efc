"""Many waiting jobs ended at once: what `moves.end` does for one, in as many statements for two hundred."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Case, F, Q, When
from django.db.models.functions import Greatest
from django_celery_results.models import TaskResult

from jobs import events
from jobs.clock import Now
from jobs.lifecycle.moves import lock, result_of
from jobs.lifecycle.values import short
from jobs.models import WAITING, Job, JobEvent, JobStatus
from jobs.reports import Report
from jobs.uniqueness import waiting_slot


def cancel_waiting(queue: str, limit: int, *, by: str) -> int:
    """Cancel up to `limit` waiting jobs of a queue."""
    with transaction.atomic():
        waiting = Job.objects.waiting().filter(queue=queue).order_by("priority", "dispatch_at", "id")
        jobs = list(lock(waiting)[:limit])
        JobEvent.objects.bulk_create(
            JobEvent(job=job, at=Now(), kind="cancel", by=by[:150], detail={"reason": "queue cleared"}) for job in jobs
        )
        end_waiting(jobs, JobStatus.CANCELLED, f"queue cleared by {by}")
    return len(jobs)


@dataclass
class Cancelled:
    """How many jobs were cancelled, and how many run and were asked to stop."""

    done: int = 0
    asked: int = 0


def cancel_many(ids: Sequence[uuid.UUID], *, by: str, reason: str) -> Cancelled:
    """Cancel those of these jobs that wait, and ask those that run to stop, in one transaction."""
    with transaction.atomic():
        open_jobs = Job.objects.filter(pk__in=ids, status__in=[*WAITING, JobStatus.PROCESSING])
        jobs = list(lock(open_jobs.order_by("pk").defer("arguments", "workflow")))
        JobEvent.objects.bulk_create(
            JobEvent(job=job, at=Now(), kind="cancel", by=by[:150], detail={"reason": reason}) for job in jobs
        )
        waiting = [job for job in jobs if job.status != JobStatus.PROCESSING]
        running = [job.pk for job in jobs if job.status == JobStatus.PROCESSING]
        end_waiting(waiting, JobStatus.CANCELLED, reason or f"cancelled by {by}")
        asked = Job.objects.filter(pk__in=running, cancel_requested_at=None)
        asked.update(cancel_requested_at=Now(), reason=short(reason or f"cancel asked by {by}"))
    return Cancelled(len(waiting), len(running))


def expire_overdue(limit: int = 200) -> int:
    """End waiting jobs whose latest first start has passed."""
    with transaction.atomic():
        overdue = Job.objects.waiting().filter(attempt=0, expires_at__lte=Now()).order_by("expires_at")
        jobs = list(lock(overdue)[:limit])
        end_waiting(jobs, JobStatus.EXPIRED, "not started in time")
    return len(jobs)


def end_waiting(jobs: Sequence[Job], status: JobStatus, reason: str) -> None:
    """End jobs that wait, without an attempt. The caller holds their locks."""
    if not jobs:
        return
    Job.objects.filter(pk__in=[job.pk for job in jobs]).update(
        status=status,
        finished_at=Now(),
        dispatch_at=None,
        error="",
        error_class="",
        fingerprint="",
        reason=short(reason),
        unique_slot=Case(When(unique_scope="period", then=F("unique_slot"))),
    )
    _project(jobs, status, Report(reason=reason))
    _ring_those_behind(jobs)
    for job in jobs:
        events.settled(job, status)


def _project(jobs: Sequence[Job], status: JobStatus, report: Report) -> None:
    rows = [TaskResult(task_id=str(job.pk), **result_of(job, status, report)) for job in jobs]
    changed = [*result_of(jobs[0], status, report), "date_done"]
    TaskResult.objects.bulk_create(rows, update_conflicts=True, unique_fields=["task_id"], update_fields=changed)


def _ring_those_behind(jobs: Sequence[Job]) -> None:
    slots = {waiting_slot(job.unique_key, job.unique_scope) for job in jobs if job.unique_scope == "latest"}
    if slots:
        behind = Job.objects.filter(Q(unique_slot__in=slots), status__in=WAITING)
        behind.update(dispatch_at=Greatest(Now(), F("run_at")))
