"""Ended jobs run again: the same rows, with a fresh retry budget and their history kept."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.db.models import Case, F, PositiveIntegerField, Q, Value, When
from django_celery_results.models import TaskResult

from jobs.clock import Now
from jobs.errors import Busy
from jobs.lifecycle.moves import CELERY_STATES, lock, locked
from jobs.lifecycle.values import short
from jobs.models import Attempt, Batch, BatchStatus, Checkpoint, HeldJob, Job, JobEvent, JobStatus
from jobs.uniqueness import waiting_slot

AGAIN = (JobStatus.FAILED, JobStatus.DEAD, JobStatus.CANCELLED, JobStatus.EXPIRED)
SLOTTED = ("waiting", "running", "latest")


@dataclass
class Replayed:
    """Which jobs wait again, and which could not since another one has their place: job and holder."""

    done: list[uuid.UUID] = field(default_factory=list)
    busy: dict[uuid.UUID, str] = field(default_factory=dict)


def replay(job_id: uuid.UUID, *, by: str, reason: str, afresh: bool = False) -> bool:
    """Run a finished job again: same id, fresh retry budget, history kept.

    Args:
        afresh: From the start, not from its checkpoint.

    Raises:
        Busy: it was the only one of its key, and another is that now.
    """
    with transaction.atomic():
        job = locked(Q(id=job_id, status__in=AGAIN))
        if job is None:
            return False
        _take_slot(job)
        _put_back([job], by, reason, afresh=afresh)
    return True


def replay_many(ids: Sequence[uuid.UUID], *, by: str, reason: str) -> Replayed:
    """Run those of these jobs again that have ended so and whose place is free, in one transaction."""
    answer = Replayed()
    with transaction.atomic():
        ended = Job.objects.filter(pk__in=ids, status__in=AGAIN).defer("arguments", "workflow")
        jobs = list(lock(ended.order_by("pk")))
        for job in jobs:
            try:
                _take_slot(job)
                answer.done.append(job.pk)
            except Busy as error:
                answer.busy[job.pk] = error.holder
        if answer.done:
            _put_back([job for job in jobs if job.pk not in answer.busy], by, reason)
    return answer


def _take_slot(job: Job) -> None:
    if job.unique_scope not in SLOTTED:
        return
    slot = waiting_slot(job.unique_key, job.unique_scope)
    try:
        with transaction.atomic():
            Job.objects.filter(pk=job.pk).update(unique_slot=slot)
    except IntegrityError:
        holder = Job.objects.filter(unique_slot=slot).values_list("pk", flat=True).first()
        raise Busy(
            f"Job {holder} is the only one of its kind now: cancel it first, or let it end.", holder=str(holder)
        ) from None


def _put_back(jobs: Sequence[Job], by: str, reason: str, *, afresh: bool = False) -> None:
    """A few statements, however many jobs they are."""
    ids = [job.pk for job in jobs]
    more = {"afresh": True} if afresh else {}
    JobEvent.objects.bulk_create(
        JobEvent(job=job, at=Now(), kind="retry", by=by[:150], detail={"reason": reason, "was": job.status, **more})
        for job in jobs
    )
    Attempt.objects.filter(job__in=ids).exclude(rule="").update(rule="")
    if afresh:
        Checkpoint.objects.filter(job__in=ids).delete()
    HeldJob.objects.filter(job__in=ids).delete()
    Job.objects.filter(pk__in=ids).update(
        status=JobStatus.PENDING,
        run_at=Now(),
        dispatch_at=Now(),
        rung_at=None,
        rings=0,
        claim=None,
        lease_until=None,
        finished_at=None,
        failures=0,
        deaths=0,
        orphaned=0,
        cancel_requested_at=None,
        expires_at=None,
        reason=short(reason or f"run again by {by}"),
    )
    _project(jobs)
    _reopen({job.batch_id for job in jobs if job.batch_id})


def _project(jobs: Sequence[Job]) -> None:
    """Their rows among django-celery-results'."""
    TaskResult.objects.bulk_create(
        [
            TaskResult(
                task_id=str(job.pk),
                task_name=job.task,
                status=CELERY_STATES[JobStatus.PENDING],
                worker=job.worker[:100] or None,
                content_type="application/json",
                content_encoding="utf-8",
                result="null",
                date_started=job.started_at,
                meta='{"children": []}',
            )
            for job in jobs
        ],
        update_conflicts=True,
        unique_fields=["task_id"],
        update_fields=["status", "result", "traceback"],
    )


def _reopen(batches: set[uuid.UUID]) -> None:
    """Those of jobs that run again, and the batches around them, which count their members too."""
    # Also one that has not ended: whoever ends it now waits for this lock, counts again, and sees the job wait.
    # What had ended is counted from nothing: members that are pruned by now are not waited for.
    had_ended = Q(finished_at__isnull=False)
    for batch in sorted(_and_around(batches)):
        Batch.objects.filter(pk=batch).update(
            status=Case(When(had_ended, then=Value(BatchStatus.CLOSED.value)), default=F("status")),
            total=Case(When(had_ended, then=Value(0)), default=F("total"), output_field=PositiveIntegerField()),
            finished_at=None,
        )


def _and_around(batches: set[uuid.UUID]) -> set[uuid.UUID]:
    """With their parents, their parents' parents ..."""
    level = batches
    while level:
        parents = Batch.objects.filter(pk__in=level, parent__isnull=False).order_by()
        level = set(parents.values_list("parent_id", flat=True))
        batches = batches | level
    return batches
