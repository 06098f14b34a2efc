"""What becomes of a job whose process or worker is gone. The guard is the process or the claim that was seen."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models import Q

from jobs.config import config
from jobs.lifecycle.moves import backoff, end, locked, to_waiting, wait
from jobs.models import Job, JobStatus
from jobs.reports import WORKER_LOST, Report


def lose(job_id: uuid.UUID, worker: str, pid: int, report: Report, *, died: bool) -> JobStatus | None:
    """Settle, for its parent, the job of a pool process that is gone.

    The guard is the dead process itself: a duplicate's process must not fail a job that another is running.

    Args:
        died: The process died by itself (poison, counted apart); False when its time was over.
    """
    with transaction.atomic():
        job = locked(Q(id=job_id, status=JobStatus.PROCESSING, worker=worker, pid=pid))
        if job is None:
            return None
        job.failures += 1
        job.deaths += died
        if job.cancel_requested_at:
            return end(job, JobStatus.CANCELLED, report)
        if job.deaths >= config().DEATHS or job.failures > job.max_retries:
            return end(job, JobStatus.DEAD, report)
        return wait(job, 0 if died else backoff(job.failures), report)


def rescue(seen: Job, what: str, *, died: bool) -> bool:
    """Put back a running job whose process or worker is gone, if it still is in the attempt that was seen.

    Args:
        died: Its own process died under it (poison, counted apart); False when the whole worker vanished.
    """
    report = Report(error=f"Attempt {seen.attempt}: {what}.", error_class=WORKER_LOST, fingerprint="worker-lost")
    with transaction.atomic():
        job = locked(Q(id=seen.pk, attempt=seen.attempt, claim=seen.claim, status=JobStatus.PROCESSING))
        if job is None:
            return False
        job.failures += 1
        job.deaths += died
        job.orphaned += not died
        poisoned = job.deaths >= config().DEATHS or job.orphaned >= config().ORPHANED
        if poisoned or job.failures > job.max_retries:
            end(job, JobStatus.CANCELLED if job.cancel_requested_at else JobStatus.DEAD, report)
        else:
            wait(job, 0, report)
        return True


def release(job_id: uuid.UUID, worker: str, pid: int, reason: str) -> bool:
    """Give back, for its parent, the job of a pool process that is being stopped. Costs no retry."""
    with transaction.atomic():
        job = locked(Q(id=job_id, status=JobStatus.PROCESSING, worker=worker, pid=pid))
        if job is None:
            return False
        if job.cancel_requested_at:
            end(job, JobStatus.CANCELLED, Report(reason="cancelled"))
        else:
            to_waiting(job, 0, status=JobStatus.PENDING, reason=reason)
        return True
