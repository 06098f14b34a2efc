"""Jobs as the API shows them. All times are epoch seconds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from jobs.api import details
from jobs.legacy import result_of
from jobs.models import Batch, Job, JobStatus


def job_status(job: Job) -> dict[str, Any]:
    """One job with its result and what its app says of it."""
    return job_row(job) | {"result": result_of(job)} | details.of(job)


def job_row(job: Job) -> dict[str, Any]:
    """One job of a list: all but its result."""
    return {
        "job_id": str(job.pk),
        "key": job.key,
        "task": job.task,
        "queue": job.queue,
        "status": job.status,
        "progress": job.percent or 0,
        "progress_message": job.progress_message,
        "created_at": epoch(job.created_at),
        "run_at": epoch(job.run_at),
        "started_at": epoch(job.started_at),
        "completed_at": epoch(job.finished_at),
        "retry_count": job.failures,
        "max_retries": job.max_retries,
        "retry_after": epoch(job.run_at) if job.status == JobStatus.RETRYING else None,
        "attempt": job.attempt,
        "priority": job.priority,
        "error": job.error or None,
        "error_class": job.error_class or None,
        "reason": job.reason or None,
        "cancel_requested": job.cancel_requested_at is not None,
        "dead_letter": job.status == JobStatus.DEAD,
        "user_id": job.owner_id,
        "parent_id": str(job.parent_id) if job.parent_id else None,
        "batch_id": str(job.batch_id) if job.batch_id else None,
        "correlation_id": job.correlation_id,
    }


def batch(batch: Batch) -> dict[str, Any]:
    """A batch as it was last counted, within a second."""
    return {
        "batch_id": str(batch.pk),
        "name": batch.name,
        "status": batch.status,
        "progress": batch.percent,
        "total": batch.total,
        "completed": batch.completed,
        "failed": batch.failed,
        "dropped": batch.dropped,
        "created_at": epoch(batch.created_at),
        "completed_at": epoch(batch.finished_at),
        "user_id": batch.owner_id,
        "parent_id": str(batch.parent_id) if batch.parent_id else None,
        "correlation_id": batch.correlation_id,
    }


def epoch(moment: datetime | None) -> float | None:
    return round(moment.timestamp(), 3) if moment else None
