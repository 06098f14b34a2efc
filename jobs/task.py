"""The Celery task class: everything native (`delay`, signatures, Flower) goes through the ledger."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

from celery import Task
from celery.exceptions import Ignore, Reject
from celery.exceptions import Retry as CeleryRetry
from celery.result import AsyncResult

from jobs import child, clock, errors, executor, limits, quarantine, registry, workflow
from jobs.models import JobStatus
from jobs.outcomes import Again, Completed, Dropped, Later, Lost, Outcome, Parked

GATED = "gated"
NOTHING = "nothing to say"  # the doorbell found nothing, or another attempt has the job
OVER = "over"  # it was cancelled or expired while it waited
CANCELLED = "cancelled"  # while it ran


class JobTask(Task[Any, Any]):
    """A task whose every run is an attempt of a job."""

    abstract = True
    Request = "jobs.request:JobRequest"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The gate. A message's run claims its job first; called as a plain function it just runs."""
        request = self.request
        if request.called_directly or request.is_eager or request.get(GATED):
            return super().__call__(*args, **kwargs)
        return self._run_job(uuid.UUID(request.id))

    def apply_async(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        task_id: str | None = None,
        producer: Any = None,
        link: Any = None,
        link_error: Any = None,
        shadow: str | None = None,
        **options: Any,
    ) -> AsyncResult[Any]:
        """Enqueue through the ledger. Options of a broker (exchange, serializer ...) mean nothing here."""
        if self.app.conf.task_always_eager:
            return super().apply_async(
                tuple(args or ()), dict(kwargs or {}), task_id, producer, link, link_error, shadow, **options
            )
        followers = workflow.of_options(options.pop("chain", None), link, link_error)
        return enqueue_native(self.name, args, kwargs, task_id=task_id, followers=followers, **options)

    def retry(
        self,
        args: Any = None,
        kwargs: Any = None,
        exc: Exception | None = None,
        throw: bool = True,
        eta: datetime | None = None,
        countdown: float | None = None,
        max_retries: int | None = None,
        **options: Any,
    ) -> NoReturn:
        """Settle this attempt as `retrying`; nothing waits in the broker or in a worker's memory."""
        if isinstance(exc, errors.Answer | errors.Superseded | Reject):
            raise exc  # the task's own answer, caught by `autoretry_for`
        if self.request.called_directly or self.request.is_eager:
            super().retry(args, kwargs, exc, throw, eta, countdown, max_retries, **options)
        if eta is not None:
            countdown = max(0.0, (clock.aware(eta) - datetime.now(UTC)).total_seconds())
        raise errors.RetryRequest(countdown, str(exc or "retry"), exc) from exc

    def _run_job(self, job_id: uuid.UUID) -> None:
        """Run the job, and tell Celery no more than that: results and errors go to its log and to events."""
        outcome = _attempt(job_id)
        match outcome:
            case Completed():
                return
            case None:
                status = quarantine.keep_if_unknown(job_id, self.name)
                raise Ignore(OVER if status in (JobStatus.CANCELLED, JobStatus.EXPIRED) else NOTHING)
            case Dropped():
                raise Ignore(CANCELLED)
            case Lost():
                raise Ignore(NOTHING)
            case Again() | Later() | Parked():
                raise CeleryRetry("in the ledger")
            case _:
                raise errors.JobFailed(str(job_id))


def _attempt(job_id: uuid.UUID) -> Outcome | None:
    if child.is_child():  # its parent keeps the limits
        return executor.run(job_id)
    claim = executor.take(job_id)
    if claim is None:
        return None
    with limits.enforced(claim):
        return executor.run_claimed(claim)


def enqueue_native(
    name: str,
    args: Sequence[Any] | None,
    kwargs: Mapping[str, Any] | None,
    *,
    task_id: str | None = None,
    followers: Mapping[str, Any] | None = None,
    countdown: float | None = None,
    eta: datetime | str | None = None,
    expires: float | datetime | str | None = None,
    priority: int | None = None,
    time_limit: float | None = None,
    soft_time_limit: float | None = None,
    queue: Any = None,
    chord: Any = None,
    group_id: str | None = None,
    **_: Any,
) -> AsyncResult[Any]:
    """What Celery's callers say, as a job. A task id that is no UUID becomes the job's key."""
    from jobs import services

    registry.get(name, getattr(queue, "name", queue))
    job_id, key = _identify(task_id)
    run_at = _moment(eta)
    job = services.enqueue(
        name,
        kwargs,
        positional=args or (),
        job_id=job_id,
        key=key,
        delay=0 if run_at else max(0.0, countdown or 0),
        run_at=run_at,
        expires=_seconds_until(expires),
        priority=5 if priority is None else priority,
        time_limit=time_limit,
        soft_time_limit=soft_time_limit,
        workflow=followers,
        batch_id=uuid.UUID(group_id) if chord and group_id else None,
    )
    return AsyncResult(str(job.pk))


def _identify(task_id: str | None) -> tuple[uuid.UUID | None, str | None]:
    if task_id is None:
        return None, None
    try:
        return uuid.UUID(str(task_id)), None
    except ValueError:
        return None, str(task_id)


def _moment(value: datetime | str | None) -> datetime | None:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return clock.aware(moment) if moment else None


def _seconds_until(value: float | datetime | str | None) -> float | None:
    if value is None or isinstance(value, int | float):
        return value
    moment = _moment(value)
    assert moment is not None
    return max(0.0, (moment - clock.now()).total_seconds())
