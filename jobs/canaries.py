"""A small job goes through each queue now and then. A queue whose workers live, are free and do not take it is silent.

A heartbeat only says that a worker's parent lives; its pool may hang, or its connection to the broker be dead.
"""

from __future__ import annotations

import uuid

import structlog
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce
from django_celery_results.models import TaskResult

from jobs import health, lifecycle
from jobs.arguments import plain
from jobs.clock import Now
from jobs.config import config
from jobs.health import QueueHealth
from jobs.lifecycle import NewJob, Terms
from jobs.models import FINAL, WAITING, Canary, Job, JobStatus
from jobs.models.job import CANARY, new_id

LIMIT = 10.0  # seconds that it may run
PUT_OFF = 1.0  # seconds between two writes that nobody could take it

log = structlog.stdlib.get_logger("jobs")


def run_once() -> int:
    """Look at those on their way, and send those that are due. Returns how many were sent."""
    if not config().CANARY_EVERY:
        return 0
    canaries = {canary.queue: canary for canary in Canary.objects.all()}
    rested = set(Canary.objects.filter(asked_at__gt=Now(-config().CANARY_EVERY)).values_list("queue", flat=True))
    return sum(
        _tend(canaries.get(name) or Canary(queue=name), state, is_due=name not in rested)
        for name, state in health.queues().items()
    )


def _tend(canary: Canary, state: QueueHealth, *, is_due: bool) -> bool:
    is_out, may_go = canary.job_id is not None, state.state not in ("paused", "no worker")
    if not (is_out or canary.silent_since or (is_due and may_go)):
        return False  # on SQLite even a transaction of nothing waits for the one writer
    with transaction.atomic():
        if canary.job_id:
            _look_after(canary, canary.job_id, state)
        if may_go:
            return is_due and canary.job_id is None and _send(canary)
        _call_back(canary)
        return False


def _look_after(canary: Canary, job_id: uuid.UUID, state: QueueHealth) -> None:
    job = Job.objects.filter(pk=job_id).only("status", "worker", "finished_at").first()
    row = Canary.objects.filter(pk=canary.pk)
    if job is not None and job.status == JobStatus.COMPLETED:
        row.update(job_id=None, answered_at=job.finished_at, worker=job.worker, silent_since=None)
        if canary.silent_since:
            log.warning("queue is consumed again", action="queue_heard", queue=canary.queue, worker=job.worker)
    elif not state.free:
        # Its time begins once somebody could take it: a slot that comes free takes what came before it first.
        row.filter(asked_at__lt=Now(-PUT_OFF)).update(asked_at=Now(), silent_since=None)
    elif row.filter(asked_at__lt=Now(-config().CANARY_WITHIN)).exists():
        row.update(silent_since=Coalesce("silent_since", "asked_at"))
        if not canary.silent_since:
            log.error(
                "workers live and take nothing: restart them",
                action="queue_silent",
                queue=canary.queue,
                workers=state.workers,
            )
    if job is None or job.status in FINAL:
        row.update(job_id=None)
        canary.job_id = None
        _remove(Q(pk=job_id))


def _call_back(canary: Canary) -> None:
    """Nobody is to answer now, so that nobody is silent."""
    if canary.job_id:
        _remove(Q(pk=canary.job_id, status__in=WAITING))
    if canary.job_id or canary.silent_since:
        Canary.objects.filter(pk=canary.pk).update(job_id=None, silent_since=None)


def _send(canary: Canary) -> bool:
    terms = Terms(
        task=CANARY,
        queue=canary.queue,
        correlation_id="canary",
        priority=0,
        max_retries=0,
        soft_time_limit=LIMIT,
        time_limit=LIMIT,
        expires=config().CANARY_EVERY + config().CANARY_WITHIN,  # not before its silence is noted
        unique_key=f"{CANARY}:{canary.queue}",
        unique_scope="running",
        unique_slot=f"{CANARY}:{canary.queue}",  # another dispatcher's is enough
    )
    job = NewJob(id=new_id(), terms=terms, arguments=plain(CANARY, {}), ring=False)
    if not lifecycle.insert([job]):
        return False
    Canary.objects.bulk_create([Canary(queue=canary.queue)], ignore_conflicts=True)
    Canary.objects.filter(pk=canary.pk).update(job_id=job.id, asked_at=Now())
    return True


def _remove(which: Q) -> None:
    for job_id in list(Job.objects.filter(which, task=CANARY).values_list("pk", flat=True)):
        Job.objects.filter(which, pk=job_id).delete()
        TaskResult.objects.filter(task_id=str(job_id)).delete()
