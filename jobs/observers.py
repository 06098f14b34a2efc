"""All log sentences about jobs."""

from __future__ import annotations

import logging
import uuid
from typing import Any

import structlog

from jobs import events
from jobs.models import JobStatus
from jobs.models.job import CANARY

log = structlog.stdlib.get_logger("jobs")
plain = logging.getLogger("jobs")

LEVELS = {
    JobStatus.RETRYING: logging.WARNING,
    JobStatus.FAILED: logging.ERROR,
    JobStatus.DEAD: logging.ERROR,
    JobStatus.IN_DOUBT: logging.ERROR,
}


def attach() -> None:
    events.job_enqueued.connect(_on_enqueued, dispatch_uid="jobs.observers.enqueued")
    events.job_settled.connect(_on_settled, dispatch_uid="jobs.observers.settled")


def _on_enqueued(*, ids: list[uuid.UUID], task: str, queue: str, **_: Any) -> None:
    if not plain.isEnabledFor(logging.DEBUG):  # asked first: building a record costs a tenth of an enqueue
        return
    log.debug("enqueued", action="job_enqueued", task=task, queue=queue, count=len(ids), job=str(ids[0]))


def _on_settled(*, job: events.Settled, status: JobStatus, **_: Any) -> None:
    level = LEVELS.get(status, logging.INFO)
    if job.task == CANARY or not plain.isEnabledFor(level):
        return
    log.log(
        level,
        f"job {status}",
        action=f"job_{status}",
        job=str(job.id),
        task=job.task,
        queue=job.queue,
        attempt=job.attempt,
        correlation_id=job.correlation_id,
    )
