"""What people and callers do to a job. Each of their acts is noted on it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from jobs.clock import Now
from jobs.lifecycle.moves import backoff, end, locked, note, project, to_waiting, wait
from jobs.lifecycle.values import short
from jobs.models import WAITING, Checkpoint, Effect, EffectStatus, HeldJob, Job, JobStatus
from jobs.reports import Report


def cancel(job_id: uuid.UUID, *, by: str, reason: str) -> JobStatus | None:
    """Cancel a waiting job, or ask a running one to stop. Returns its status now; None if there is none such to cancel.

    `processing` means asked: the job ends as cancelled at its next progress call, effect, retry, or after a grace.
    """
    with transaction.atomic():
        job = locked(Q(id=job_id, status__in=[*WAITING, JobStatus.PROCESSING]))
        if job is None:
            return None
        note(job, "cancel", by, reason=reason)
        if job.status != JobStatus.PROCESSING:
            return end(job, JobStatus.CANCELLED, Report(reason=reason or f"cancelled by {by}"), attempted=False)
        if job.cancel_requested_at is None:
            Job.objects.filter(pk=job.pk).update(
                cancel_requested_at=Now(), reason=short(reason or f"cancel asked by {by}")
            )
        return JobStatus.PROCESSING


def change(
    job_id: uuid.UUID, *, run_at: datetime | Now | None, priority: int | None, by: str, reason: str
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Give a waiting job another time or priority. Returns both before and after; None if it waits no more."""
    with transaction.atomic():
        job = locked(Q(id=job_id, status__in=WAITING))
        if job is None:
            return None
        before = _turn(job)
        # Also one whose doorbell was rung: its claim asks for the time again, and the dispatcher rings at the new one.
        if run_at is not None:
            HeldJob.objects.filter(job=job).delete()
        times = {} if run_at is None else {"run_at": run_at, "dispatch_at": run_at, "rung_at": None, "rings": 0}
        Job.objects.filter(pk=job.pk).update(**times, **({} if priority is None else {"priority": priority}))
        job.refresh_from_db(fields=["run_at", "priority"])
        after = _turn(job)
        note(job, "change", by, reason=reason, before=before, after=after)
        return before, after


def change_arguments(
    job_id: uuid.UUID,
    arguments: Mapping[str, Any],
    *,
    known: Mapping[str, Any],
    by: str,
    reason: str,
    before: dict[str, Any],
    after: dict[str, Any],
) -> bool:
    """Give a waiting job other arguments, and let it begin from its start. False if it waits no more.

    Args:
        known: Those that it is known to have: with others by now it is left alone, and the answer is False.
        before, after: What is noted of them.
    """
    with transaction.atomic():
        job = locked(Q(id=job_id, status__in=WAITING))
        if job is None or job.arguments != known:
            return False
        Job.objects.filter(pk=job.pk).update(arguments=arguments)
        Checkpoint.objects.filter(job=job).delete()
        note(job, "change", by, reason=reason, before=before, after=after)
        return True


def replace_arguments(slot: str, arguments: Mapping[str, Any]) -> uuid.UUID | None:
    """Give the waiting job of a slot newer arguments. Returns its id; None when it waits no more."""
    with transaction.atomic():
        job = locked(Q(unique_slot=slot, status__in=WAITING))
        if job is None:
            return None
        Job.objects.filter(pk=job.pk).update(arguments=arguments)
        return job.pk


def resolve(job_id: uuid.UUID, effect_id: int, *, happened: bool, by: str, reason: str) -> bool:
    """Settle an effect in doubt by a person's word, and let its job run on: a confirmed effect is skipped."""
    with transaction.atomic():
        job = locked(Q(id=job_id, status=JobStatus.IN_DOUBT))
        if job is None:
            return False
        settled = EffectStatus.CONFIRMED if happened else EffectStatus.FAILED
        open_effect = Effect.objects.filter(pk=effect_id, job=job, status=EffectStatus.ATTEMPTING)
        if not open_effect.update(status=settled, settled_at=Now(), settled_by=by[:150], reason=short(reason)):
            return False
        note(job, "resolve", by, reason=reason, effect=effect_id, happened=happened)
        if job.cancel_requested_at:  # asked while it ran
            end(job, JobStatus.CANCELLED, Report(reason=f"cancelled; resolved by {by}"), attempted=False)
            return True
        to_waiting(job, 0, status=JobStatus.PENDING, reason=f"resolved by {by}")
        project(job, JobStatus.PENDING, Report())
        return True


def fail_from_outside(job_id: uuid.UUID, report: Report, *, again: bool, by: str) -> JobStatus | None:
    """Count a failure against an unfinished job whoever runs it: what runs now is fenced off by the next claim."""
    with transaction.atomic():
        job = locked(Q(id=job_id, status__in=[*WAITING, JobStatus.PROCESSING]))
        if job is None:
            return None
        note(job, "fail", by, error=report.error)
        job.failures += 1
        ran = job.status == JobStatus.PROCESSING
        if not again:
            return end(job, JobStatus.FAILED, report, attempted=ran)
        if job.failures > job.max_retries:
            return end(job, JobStatus.DEAD, report, attempted=ran)
        return wait(job, backoff(job.failures), report, attempted=ran)


def _turn(job: Job) -> dict[str, Any]:
    return {"run_at": job.run_at.isoformat(), "priority": job.priority}
