"""Jobs and batches as the API shows them, in answers and in its schema. All times are epoch seconds."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, cast

from pydantic import Field
from typing_extensions import TypedDict

from jobs import masking
from jobs.api import details
from jobs.models import Batch, BatchStatus, Job, JobStatus

JobId = Annotated[str, Field(examples=["01a2092a-82c2-769a-9611-a26b79d4a12e"])]
Time = Annotated[float, Field(description="Epoch seconds.", examples=[1795450110.662])]
Percent = Annotated[float, Field(ge=0, le=100, examples=[80.0])]
Queue = Annotated[str, Field(examples=["email"])]
Task = Annotated[str, Field(examples=["send_email"])]


class JobRow(TypedDict):
    """A job without its result."""

    job_id: JobId
    key: Annotated[str | None, Field(description="Its caller's own id.")]
    task: Task
    queue: Queue
    status: JobStatus
    progress: Percent
    progress_message: str
    seconds_left: Annotated[int | None, Field(description="A guess, of one that runs and says how far it is.")]
    created_at: Time | None
    run_at: Annotated[Time | None, Field(description="Not before this.")]
    started_at: Time | None
    completed_at: Annotated[Time | None, Field(description="When it ended, however it did.")]
    retry_count: Annotated[int, Field(description="Failed runs that count.")]
    max_retries: int
    retry_after: Annotated[Time | None, Field(description="Of one that is retried: when.")]
    attempt: Annotated[int, Field(description="Runs so far.")]
    priority: Annotated[int, Field(description="0 runs first.", ge=0, le=9, examples=[5])]
    error: str | None
    error_class: str | None
    reason: Annotated[str | None, Field(description="Why it is in its state.")]
    cancel_requested: bool
    dead_letter: bool
    user_id: Annotated[int | None, Field(description="Its owner; null is the system.")]
    parent_id: JobId | None
    batch_id: JobId | None
    correlation_id: str
    trace_id: Annotated[str | None, Field(description="Of OpenTelemetry, where traces are on.")]


class JobDetails(JobRow):
    """A job, with what it returned and what its app says of it."""

    result: Any


class BatchRow(TypedDict):
    """A batch as it was last counted, within a second."""

    batch_id: JobId
    name: str
    status: BatchStatus
    progress: Percent
    total: int
    completed: int
    failed: int
    dropped: Annotated[int, Field(description="Cancelled or expired.")]
    created_at: Time | None
    completed_at: Time | None
    user_id: int | None
    parent_id: JobId | None
    correlation_id: str


def job_status(job: Job) -> JobDetails:
    """One job with its result and what its app says of it."""
    return cast("JobDetails", {**job_row(job), "result": masking.result(job), **details.of(job)})


def job_row(job: Job) -> JobRow:
    """One job of a list: all but its result."""
    return {
        "job_id": str(job.pk),
        "key": job.key,
        "task": job.task,
        "queue": job.queue,
        "status": JobStatus(job.status),
        "progress": job.percent or 0,
        "progress_message": job.progress_message,
        "seconds_left": job.seconds_left,
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
        "trace_id": job.trace_id or None,
    }


def batch(batch: Batch) -> BatchRow:
    return {
        "batch_id": str(batch.pk),
        "name": batch.name,
        "status": BatchStatus(batch.status),
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
