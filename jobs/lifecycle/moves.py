"""The moves that every verb is made of. A caller holds the row's lock; nobody outside this package calls them."""

from __future__ import annotations

import builtins
import json
import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django_celery_results.models import TaskResult

from jobs import events, workflow
from jobs.clock import Now
from jobs.config import config
from jobs.errors import Superseded
from jobs.lifecycle.values import Claim, short
from jobs.models import WAITING, Attempt, Job, JobEvent, JobStatus
from jobs.reports import Report
from jobs.retries import RetryRule
from jobs.uniqueness import waiting_slot

CELERY_STATES = {
    JobStatus.PENDING: "PENDING",
    JobStatus.RETRYING: "RETRY",
    JobStatus.FAILED: "FAILURE",
    JobStatus.DEAD: "FAILURE",
    JobStatus.CANCELLED: "REVOKED",
    JobStatus.EXPIRED: "REVOKED",
    JobStatus.IN_DOUBT: "STARTED",
}


def backoff(failures: int, rule: RetryRule | None = None) -> float:
    """Seconds until the next run after this many failures, with jitter."""
    delays = config().RETRY_DELAYS
    delay = rule.seconds(max(failures, 1)) if rule else None
    if delay is None:
        delay = delays[min(max(failures, 1), len(delays)) - 1]
    return delay * (1 + random.random() * config().RETRY_JITTER)  # noqa: S311 - spreads load, keeps no secret


@contextmanager
def owned(claim: Claim) -> Iterator[Job]:
    """The claim's job, locked. Raises Superseded if another attempt owns it by now."""
    with transaction.atomic():
        job = locked(Q(id=claim.id, claim=claim.token, status=JobStatus.PROCESSING))
        if job is None:
            raise Superseded(f"Attempt {claim.attempt} no longer owns job {claim.id}.")
        yield job


def locked(condition: Q) -> Job | None:
    job: Job | None = lock(Job.objects.filter(condition)).first()
    return job


def lock(jobs: Any) -> Any:
    # SQLite has no row locks and needs none: its transactions begin by taking the one write lock.
    return jobs.select_for_update(no_key=True, of=("self",)) if connection.vendor == "postgresql" else jobs


def wait(job: Job, delay: float, report: Report, *, attempted: bool = True) -> JobStatus:
    if job.cancel_requested_at:
        return end(job, JobStatus.CANCELLED, report, attempted=attempted)
    if newer := _waits_behind(job):
        yielded = replace(report, reason=f"superseded by {newer}")
        return end(job, JobStatus.CANCELLED, yielded, attempted=attempted)
    if attempted:
        _record(job, JobStatus.RETRYING, report)
    _describe(job, report)
    to_waiting(job, delay, status=JobStatus.RETRYING, reason=report.reason)
    project(job, JobStatus.RETRYING, report)
    events.settled(job, JobStatus.RETRYING)
    return JobStatus.RETRYING


def to_waiting(job: Job, delay: float, *, status: JobStatus, reason: str) -> None:
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
        reason=short(reason),
    )


def _waits_behind(job: Job) -> uuid.UUID | None:
    """The newer job of the same key, to which a retry yields."""
    if job.unique_scope != "latest":
        return None
    newer = Job.objects.filter(unique_slot=waiting_slot(job.unique_key, job.unique_scope)).exclude(pk=job.pk)
    return newer.values_list("pk", flat=True).first()


def ring_the_waiting_one(key: str, scope: str) -> None:
    """The running job of a key has ended: the one that waited for that is due."""
    if scope == "latest":
        waiting = Job.objects.filter(unique_slot=waiting_slot(key, scope), status__in=WAITING)
        waiting.update(dispatch_at=Greatest(Now(), F("run_at")))


def end(job: Job, status: JobStatus, report: Report, *, attempted: bool = True) -> JobStatus:
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
        reason=short(report.reason or job.reason),
        **({} if job.unique_scope == "period" or status == JobStatus.IN_DOUBT else {"unique_slot": None}),
    )
    project(job, status, report)
    ring_the_waiting_one(job.unique_key, job.unique_scope)
    if job.workflow and status in (JobStatus.FAILED, JobStatus.DEAD):
        workflow.follow_failure(job)
    events.settled(job, status)
    return status


def note(job: Job, kind: str, by: str, **detail: Any) -> None:
    JobEvent.objects.create(job=job, at=Now(), kind=kind, by=by[:150], detail=detail)


def project(job: Job, status: JobStatus, report: Report) -> None:
    """The job's row among django-celery-results'."""
    TaskResult.objects.update_or_create(task_id=str(job.pk), defaults=result_of(job, status, report))


def result_of(job: Job, status: JobStatus, report: Report) -> dict[str, Any]:
    """The columns of that row."""
    if status in (JobStatus.FAILED, JobStatus.DEAD, JobStatus.RETRYING):
        result = {
            "exc_type": report.error_class or "Error",
            "exc_message": [report.error],
            "exc_module": _module(report.error_class),
        }
    else:
        result = {"exc_type": "TaskRevokedError", "exc_message": [report.reason], "exc_module": "celery.exceptions"}
    return {
        "status": CELERY_STATES[status],
        "task_name": job.task,
        "worker": job.worker[:100] or None,
        "content_type": "application/json",
        "content_encoding": "utf-8",
        "result": json.dumps(None if status in (JobStatus.PENDING, JobStatus.IN_DOUBT) else result),
        "traceback": report.traceback or None,
        "date_started": job.started_at,
        "meta": '{"children": []}',
    }


def _module(error_class: str) -> str:
    """Where Celery finds the class to raise in who asks for the result: no function, nor what would end a process."""
    known = getattr(builtins, error_class, None)
    return "builtins" if isinstance(known, type) and issubclass(known, Exception) else "celery.exceptions"


def _describe(job: Job, report: Report) -> None:
    job.error, job.error_class, job.fingerprint = short(report.error, 1000), report.error_class, report.fingerprint


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
        rule=report.rule,
        error=report.error,
        traceback=report.traceback,
        log=report.log,
    )
