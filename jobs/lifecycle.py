"""The only writes of a job's state. Each verb is guarded and says whether it did anything.

Every write after the claim carries (id, attempt): a worker that was presumed dead cannot overwrite its successor.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django_celery_results.models import TaskResult

from jobs import events, sql
from jobs.clock import Now, aware
from jobs.config import config
from jobs.errors import Superseded
from jobs.identity import Identity
from jobs.models import WAITING, Attempt, Effect, EffectStatus, Job, JobEvent, JobStatus
from jobs.reports import Report

CELERY_STATES = {
    JobStatus.PENDING: "PENDING",
    JobStatus.RETRYING: "RETRY",
    JobStatus.FAILED: "FAILURE",
    JobStatus.DEAD: "FAILURE",
    JobStatus.CANCELLED: "REVOKED",
    JobStatus.EXPIRED: "REVOKED",
    JobStatus.IN_DOUBT: "STARTED",
}
AGAIN = (JobStatus.FAILED, JobStatus.DEAD, JobStatus.CANCELLED, JobStatus.EXPIRED)


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """A wish, checked and ready to be written down."""

    task: str
    queue: str
    arguments: Mapping[str, Any]
    correlation_id: str
    max_retries: int
    soft_time_limit: float
    time_limit: float
    id: uuid.UUID
    key: str | None = None
    priority: int = 5
    owner_id: int | None = None
    parent_id: uuid.UUID | None = None
    batch_id: uuid.UUID | None = None
    schedule_id: int | None = None
    tick: datetime | None = None
    workflow: Mapping[str, Any] | None = None
    delay: float = 0
    run_at: datetime | None = None
    expires: float | None = None
    ring: bool = True
    unique_key: str = ""
    unique_scope: str = ""
    unique_slot: str | None = None


@dataclass(frozen=True)
class Written:
    id: uuid.UUID
    created_at: datetime
    run_at: datetime
    dispatch_at: datetime

    @property
    def due(self) -> bool:
        return self.run_at <= self.created_at


@dataclass(frozen=True)
class Due:
    """A job whose doorbell is to be rung now."""

    id: uuid.UUID
    task: str
    soft_time_limit: float
    time_limit: float
    at: datetime


@dataclass(frozen=True)
class Claim:
    """The right to run one attempt of a job, with what it needs."""

    id: uuid.UUID
    token: uuid.UUID
    attempt: int
    failures: int
    max_retries: int
    task: str
    queue: str
    arguments: dict[str, Any]
    owner_id: int | None
    correlation_id: str
    workflow: dict[str, Any] | None
    batch_id: uuid.UUID | None
    soft_time_limit: float
    time_limit: float
    identity: Identity = field(compare=False, repr=False, kw_only=True)


def insert(jobs: Sequence[NewJob]) -> list[Written]:
    """Write jobs down in the caller's transaction. One already there, by key or unique slot, is not in the answer."""
    if not jobs:
        return []
    parameters = {"rows": json.dumps([_row(job) for job in jobs]), "grace": config().GRACE}
    rows = sql.fetch("enqueue", parameters)
    return [Written(_uuid(row[0]), aware(row[1]), aware(row[2]), aware(row[3])) for row in rows]


def claim(job_id: uuid.UUID, identity: Identity, token: uuid.UUID) -> Claim | None:
    """Take a waiting job that is due, not paused and not asked to be cancelled; the same token takes it again."""
    parameters = {
        "id": _param(job_id),
        "worker": identity.name,
        "boot": _param(identity.boot),
        "pid": identity.pid,
        "claim": _param(token),
        "margin": config().LEASE_MARGIN,
    }
    rows = sql.fetch("claim", parameters)
    if not rows:
        return None
    attempt, failures, max_retries, task, queue, arguments, owner, correlation, workflow, batch, soft, hard = rows[0]
    return Claim(
        job_id,
        token,
        attempt,
        failures,
        max_retries,
        task,
        queue,
        json.loads(arguments),
        owner,
        correlation,
        json.loads(workflow) if workflow else None,
        _uuid(batch) if batch else None,
        soft,
        hard,
        identity=identity,
    )


def complete(outcomes: Sequence[tuple[Claim, str]]) -> set[uuid.UUID]:
    """Settle jobs that succeeded, each with its result as JSON text. Returns those that were still theirs to settle."""
    if not outcomes:
        return set()
    settled = _complete_postgresql(outcomes) if connection.vendor == "postgresql" else _complete_sqlite(outcomes)
    for done, _ in outcomes:
        if done.id in settled:
            events.settled(done, JobStatus.COMPLETED)
    return settled


def retry(claim: Claim, report: Report, *, after: float | None = None, counts: bool = True) -> JobStatus:
    """Settle an attempt that failed: run again later, or `dead` when the retries are used up.

    Args:
        after: Seconds; None is the usual backoff.
        counts: Whether it costs a retry.
    """
    with _owned(claim) as job:
        job.failures += counts
        if job.failures > job.max_retries:
            return _end(job, JobStatus.DEAD, report)
        delay = backoff(job.failures) if after is None else after
        return _wait(job, delay, report)


def snooze(claim: Claim, seconds: float, reason: str) -> JobStatus:
    """Put a job back for its next slice. Costs no retry and leaves no attempt row."""
    with _owned(claim) as job:
        if job.cancel_requested_at:
            return _end(job, JobStatus.CANCELLED, Report(reason="cancelled"))
        _to_waiting(job, seconds, status=JobStatus.PENDING, reason=reason)
        events.settled(claim, JobStatus.PENDING)
        return JobStatus.PENDING


def fail(claim: Claim, report: Report) -> JobStatus:
    """Settle an attempt whose error no retry can mend."""
    with _owned(claim) as job:
        return _end(job, JobStatus.FAILED, report)


def discard(claim: Claim, report: Report) -> JobStatus:
    """Settle an attempt that found nothing to do, or was asked to stop."""
    with _owned(claim) as job:
        return _end(job, JobStatus.CANCELLED, report)


def doubt(claim: Claim, report: Report) -> JobStatus:
    """Settle an attempt whose effect can be neither confirmed nor denied."""
    with _owned(claim) as job:
        return _end(job, JobStatus.IN_DOUBT, report)


def lose(job_id: uuid.UUID, worker: str, pid: int, report: Report, *, died: bool) -> JobStatus | None:
    """Settle, for its parent, the job of a pool process that is gone.

    The guard is the dead process itself: a duplicate's process must not fail a job that another is running.

    Args:
        died: The process died by itself (poison, counted apart); False when its time was over.
    """
    with transaction.atomic():
        job = _locked(Q(id=job_id, status=JobStatus.PROCESSING, worker=worker, pid=pid))
        if job is None:
            return None
        job.failures += 1
        job.deaths += died
        if job.cancel_requested_at:
            return _end(job, JobStatus.CANCELLED, report)
        if job.deaths >= config().DEATHS or job.failures > job.max_retries:
            return _end(job, JobStatus.DEAD, report)
        return _wait(job, 0 if died else backoff(job.failures), report)


def rescue(seen: Job, what: str, *, died: bool) -> bool:
    """Put back a running job whose process or worker is gone, if it still is in the attempt that was seen.

    Args:
        died: Its own process died under it (poison, counted apart); False when the whole worker vanished.
    """
    report = Report(error=f"Attempt {seen.attempt}: {what}.", error_class="WorkerLost", fingerprint="worker-lost")
    with transaction.atomic():
        job = _locked(Q(id=seen.pk, attempt=seen.attempt, claim=seen.claim, status=JobStatus.PROCESSING))
        if job is None:
            return False
        job.failures += 1
        job.deaths += died
        job.orphaned += not died
        poisoned = job.deaths >= config().DEATHS or job.orphaned >= config().ORPHANED
        if poisoned or job.failures > job.max_retries:
            _end(job, JobStatus.CANCELLED if job.cancel_requested_at else JobStatus.DEAD, report)
        else:
            _wait(job, 0, report)
        return True


def release(job_id: uuid.UUID, worker: str, pid: int, reason: str) -> bool:
    """Give back, for its parent, the job of a pool process that is being stopped. Costs no retry."""
    with transaction.atomic():
        job = _locked(Q(id=job_id, status=JobStatus.PROCESSING, worker=worker, pid=pid))
        if job is None:
            return False
        if job.cancel_requested_at:
            _end(job, JobStatus.CANCELLED, Report(reason="cancelled"))
        else:
            _to_waiting(job, 0, status=JobStatus.PENDING, reason=reason)
        return True


def cancel(job_id: uuid.UUID, *, by: str, reason: str) -> JobStatus | None:
    """Cancel a waiting job, or ask a running one to stop. Returns its status now; None if there is none such to cancel.

    `processing` means asked: the job ends as cancelled at its next progress call, effect, retry, or after a grace.
    """
    with transaction.atomic():
        job = _locked(Q(id=job_id, status__in=[*WAITING, JobStatus.PROCESSING]))
        if job is None:
            return None
        _note(job, "cancel", by, reason=reason)
        if job.status != JobStatus.PROCESSING:
            return _end(job, JobStatus.CANCELLED, Report(reason=reason or f"cancelled by {by}"), attempted=False)
        if job.cancel_requested_at is None:
            Job.objects.filter(pk=job.pk).update(
                cancel_requested_at=Now(), reason=_short(reason or f"cancel asked by {by}")
            )
        return JobStatus.PROCESSING


def cancel_waiting(queue: str, limit: int, *, by: str) -> int:
    """Cancel up to `limit` waiting jobs of a queue."""
    with transaction.atomic():
        jobs = list(_lock(Job.objects.filter(queue=queue, status__in=WAITING))[:limit])
        for job in jobs:
            _note(job, "cancel", by, reason="queue cleared")
            _end(job, JobStatus.CANCELLED, Report(reason=f"queue cleared by {by}"), attempted=False)
    return len(jobs)


def replay(job_id: uuid.UUID, *, by: str, reason: str) -> bool:
    """Run a finished job again: same id, fresh retry budget, history kept."""
    with transaction.atomic():
        job = _locked(Q(id=job_id, status__in=AGAIN))
        if job is None:
            return False
        _note(job, "retry", by, reason=reason, was=job.status)
        job.failures = job.deaths = job.orphaned = 0
        job.cancel_requested_at = None
        job.expires_at = None
        _to_waiting(job, 0, status=JobStatus.PENDING, reason=_short(reason or f"run again by {by}"))
        _project(job, JobStatus.PENDING, Report())
    return True


def resolve(job_id: uuid.UUID, effect_id: int, *, happened: bool, by: str, reason: str) -> bool:
    """Settle an effect in doubt by a person's word, and let its job run on: a confirmed effect is skipped."""
    with transaction.atomic():
        job = _locked(Q(id=job_id, status=JobStatus.IN_DOUBT))
        if job is None:
            return False
        settled = EffectStatus.CONFIRMED if happened else EffectStatus.FAILED
        open_effect = Effect.objects.filter(pk=effect_id, job=job, status=EffectStatus.ATTEMPTING)
        if not open_effect.update(status=settled, settled_at=Now(), settled_by=by[:150], reason=_short(reason)):
            return False
        _note(job, "resolve", by, reason=reason, effect=effect_id, happened=happened)
        _to_waiting(job, 0, status=JobStatus.PENDING, reason=f"resolved by {by}")
        _project(job, JobStatus.PENDING, Report())
        return True


def fail_from_outside(job_id: uuid.UUID, report: Report, *, again: bool, by: str) -> JobStatus | None:
    """Count a failure against an unfinished job whoever runs it: what runs now is fenced off by the next claim."""
    with transaction.atomic():
        job = _locked(Q(id=job_id, status__in=[*WAITING, JobStatus.PROCESSING]))
        if job is None:
            return None
        _note(job, "fail", by, error=report.error)
        job.failures += 1
        ran = job.status == JobStatus.PROCESSING
        if not again:
            return _end(job, JobStatus.FAILED, report, attempted=ran)
        if job.failures > job.max_retries:
            return _end(job, JobStatus.DEAD, report, attempted=ran)
        return _wait(job, backoff(job.failures), report, attempted=ran)


def expire_overdue(limit: int = 200) -> int:
    """End waiting jobs whose latest first start has passed."""
    with transaction.atomic():
        overdue = Job.objects.filter(status__in=WAITING, attempt=0, expires_at__lte=Now())
        jobs = list(_lock(overdue)[:limit])
        for job in jobs:
            _end(job, JobStatus.EXPIRED, Report(reason="not started in time"), attempted=False)
    return len(jobs)


def progress(claim: Claim, current: int, total: int, message: str) -> bool | None:
    """Keep how far an attempt is. Returns whether a cancel was asked; None when the job is no longer this attempt's."""
    Job.objects.filter(id=claim.id, attempt=claim.attempt, status=JobStatus.PROCESSING).update(
        progress_current=current, progress_total=total, progress_message=_short(message, 200)
    )
    return cancel_asked(claim)


def cancel_asked(claim: Claim) -> bool | None:
    """Whether a cancel was asked of this attempt; None when the job is no longer this attempt's."""
    mine = Job.objects.filter(id=claim.id, attempt=claim.attempt, status=JobStatus.PROCESSING)
    row = mine.values_list("cancel_requested_at").first()
    return None if row is None else row[0] is not None


def ring_due(queue: str, limit: int) -> list[Due]:
    """Stamp up to `limit` due jobs of a queue as rung, and return them most urgent first."""
    parameters = {
        "queue": queue,
        "limit": limit,
        "grace": config().GRACE,
        "grace_limit": config().GRACE_LIMIT,
    }
    rows = sorted(sql.fetch("ring", parameters))
    return [Due(_uuid(row[2]), row[3], row[4], row[5], aware(row[6])) for row in rows]


def ring_lost(queue: str, before: datetime, limit: int = 1000) -> int:
    """Make jobs due again whose doorbell, rung before a time, can no longer be on its way."""
    lost = Job.objects.filter(
        queue=queue, status__in=WAITING, rung_at__lt=before, run_at__lte=Now(), dispatch_at__gt=Now()
    )
    ids = list(lost.values_list("pk", flat=True)[:limit])
    return (
        Job.objects.filter(pk__in=ids, status__in=WAITING, rung_at__lt=before).update(dispatch_at=Now()) if ids else 0
    )


def not_rung(ids: Sequence[uuid.UUID]) -> None:
    """Jobs whose doorbell the broker did not take: the dispatcher rings next."""
    due = Job.objects.filter(id__in=ids, status__in=WAITING, run_at__lte=Now(), dispatch_at__gt=Now())
    due.update(dispatch_at=Now(), rung_at=None, rings=0)


def backoff(failures: int) -> float:
    """Seconds until the next run after this many failures, with jitter."""
    delays = config().RETRY_DELAYS
    delay = delays[min(max(failures, 1), len(delays)) - 1]
    return delay * (1 + random.random() * config().RETRY_JITTER)  # noqa: S311 - spreads load, keeps no secret


@contextmanager
def _owned(claim: Claim) -> Iterator[Job]:
    """The claim's job, locked. Raises Superseded if another attempt owns it by now."""
    with transaction.atomic():
        job = _locked(Q(id=claim.id, attempt=claim.attempt, status=JobStatus.PROCESSING))
        if job is None:
            raise Superseded(f"Attempt {claim.attempt} no longer owns job {claim.id}.")
        yield job


def _lock(jobs: Any) -> Any:
    # SQLite has no row locks and needs none: its transactions begin by taking the one write lock.
    return jobs.select_for_update(no_key=True, of=("self",)) if connection.vendor == "postgresql" else jobs


def _locked(condition: Q) -> Job | None:
    job: Job | None = _lock(Job.objects.filter(condition)).first()
    return job


def _wait(job: Job, delay: float, report: Report, *, attempted: bool = True) -> JobStatus:
    if job.cancel_requested_at:
        return _end(job, JobStatus.CANCELLED, report, attempted=attempted)
    if attempted:
        _record(job, JobStatus.RETRYING, report)
    _describe(job, report)
    _to_waiting(job, delay, status=JobStatus.RETRYING, reason=report.reason)
    _project(job, JobStatus.RETRYING, report)
    events.settled(job, JobStatus.RETRYING)
    return JobStatus.RETRYING


def _to_waiting(job: Job, delay: float, *, status: JobStatus, reason: str) -> None:
    Job.objects.filter(pk=job.pk).update(
        status=status,
        run_at=Now(delay),
        dispatch_at=Now(delay),
        rung_at=None,
        rings=0,
        claim=None,
        lease_until=None,
        finished_at=None,
        failures=job.failures,
        deaths=job.deaths,
        orphaned=job.orphaned,
        cancel_requested_at=job.cancel_requested_at,
        expires_at=job.expires_at,
        error=job.error,
        error_class=job.error_class,
        fingerprint=job.fingerprint,
        reason=_short(reason),
    )


def _end(job: Job, status: JobStatus, report: Report, *, attempted: bool = True) -> JobStatus:
    if attempted:
        _record(job, status, report)
    _describe(job, report)
    Job.objects.filter(pk=job.pk).update(
        status=status,
        finished_at=Now(),
        dispatch_at=None,
        claim=None,
        lease_until=None,
        failures=job.failures,
        deaths=job.deaths,
        orphaned=job.orphaned,
        error=job.error,
        error_class=job.error_class,
        fingerprint=job.fingerprint,
        reason=_short(report.reason or job.reason),
        **({} if job.unique_scope == "period" or status == JobStatus.IN_DOUBT else {"unique_slot": None}),
    )
    _project(job, status, report)
    events.settled(job, status)
    return status


def _describe(job: Job, report: Report) -> None:
    job.error, job.error_class, job.fingerprint = _short(report.error, 1000), report.error_class, report.fingerprint


def _record(job: Job, outcome: JobStatus, report: Report) -> None:
    Attempt.objects.create(
        job=job,
        number=job.attempt,
        outcome=outcome,
        worker=job.worker,
        boot=job.boot,
        pid=job.pid,
        started_at=job.started_at,
        finished_at=Now(),
        error_class=report.error_class,
        error=report.error,
        traceback=report.traceback,
        log=report.log,
    )


def _project(job: Job, status: JobStatus, report: Report) -> None:
    """The job's row among django-celery-results'."""
    if status in (JobStatus.FAILED, JobStatus.DEAD, JobStatus.RETRYING):
        result = {"exc_type": report.error_class or "Error", "exc_message": [report.error], "exc_module": "builtins"}
    else:
        result = {"exc_type": "TaskRevokedError", "exc_message": [report.reason], "exc_module": "celery.exceptions"}
    TaskResult.objects.update_or_create(
        task_id=str(job.pk),
        defaults={
            "status": CELERY_STATES[status],
            "task_name": job.task,
            "worker": job.worker[:100] or None,
            "content_type": "application/json",
            "content_encoding": "utf-8",
            "result": json.dumps(None if status in (JobStatus.PENDING, JobStatus.IN_DOUBT) else result),
            "traceback": report.traceback or None,
            "date_started": job.started_at,
            "meta": '{"children": []}',
        },
    )


def _note(job: Job, kind: str, by: str, **detail: Any) -> None:
    JobEvent.objects.create(job=job, at=Now(), kind=kind, by=by[:150], detail=detail)


def _complete_postgresql(outcomes: Sequence[tuple[Claim, str]]) -> set[uuid.UUID]:
    parameters = {
        "ids": [claim.id for claim, _ in outcomes],
        "attempts": [claim.attempt for claim, _ in outcomes],
        "results": [result for _, result in outcomes],
    }
    return {row[0] for row in sql.fetch("complete", parameters)}


def _complete_sqlite(outcomes: Sequence[tuple[Claim, str]]) -> set[uuid.UUID]:
    text = json.dumps([{"id": c.id.hex, "attempt": c.attempt, "result": result} for c, result in outcomes])
    with transaction.atomic():
        settled = [row[0] for row in sql.fetch("complete", {"outcomes": text})]
        sql.fetch("complete_results", {"outcomes": text, "settled": json.dumps(settled)})
    return {_uuid(value) for value in settled}


def _row(job: NewJob) -> dict[str, Any]:
    return {
        **{name: getattr(job, name) for name in _PLAIN_COLUMNS},
        "id": _param(job.id),
        "parent_id": _param(job.parent_id),
        "batch_id": _param(job.batch_id),
        "run_at": _moment(job.run_at),
        "tick": _moment(job.tick),
    }


_PLAIN_COLUMNS = [
    name for name in NewJob.__dataclass_fields__ if name not in ("id", "parent_id", "batch_id", "run_at", "tick")
]


def _moment(value: datetime | None) -> str | None:
    """A time as the database writes it, in UTC."""
    adapted: Any = connection.ops.adapt_datetimefield_value(value) if value else None
    return None if adapted is None else str(adapted)


def _param(value: uuid.UUID | None) -> Any:
    if value is None:
        return None
    return value.hex if connection.vendor == "sqlite" else str(value)


def _uuid(value: Any) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


def _short(text: str, limit: int = 300) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
