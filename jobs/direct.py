"""Running due jobs straight from the ledger, without a broker: while it is away, or where no worker can stay up."""

from __future__ import annotations

import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db.models import Exists, OuterRef

from jobs import executor, identity, lifecycle, registry, reports
from jobs.clock import Now
from jobs.lifecycle import Claim
from jobs.models import WAITING, Job, JobQuerySet, QueueControl, TaskControl

log = structlog.stdlib.get_logger("jobs")


def run_due(queues: Sequence[str], *, stop: threading.Event, deadline: float | None = None) -> int:
    """Run due jobs one after another in this process until none is left, `stop` is set or no time is left.

    Args:
        deadline: On the monotonic clock; a job whose hard limit does not fit before it is left alone.

    Returns:
        How many were run.
    """
    ran = 0
    passed_over: set[uuid.UUID] = set()
    while not stop.is_set():
        job_id = _next(queues, passed_over, None if deadline is None else deadline - time.monotonic())
        if job_id is None:
            break
        claim = executor.take(job_id)
        if claim is None:  # somebody was faster
            passed_over.add(job_id)
            continue
        with _limited(claim):
            executor.run_claimed(claim)
        ran += 1
    return ran


def due(queues: Sequence[str]) -> JobQuerySet:
    """Jobs that this process could run now: due, not paused, of a task that it knows."""
    return Job.objects.filter(
        ~Exists(QueueControl.objects.filter(name=OuterRef("queue"), paused=True)),
        ~Exists(TaskControl.objects.filter(name=OuterRef("task"), paused=True)),
        queue__in=queues,
        task__in=registry.known(),
        status__in=WAITING,
        run_at__lte=Now(),
    )


def _next(queues: Sequence[str], passed_over: set[uuid.UUID], seconds_left: float | None) -> uuid.UUID | None:
    jobs = due(queues).exclude(pk__in=passed_over)
    if seconds_left is not None:
        jobs = jobs.filter(time_limit__lte=max(0.0, seconds_left))
    return jobs.order_by("priority", "dispatch_at", "id").values_list("pk", flat=True).first()


@contextmanager
def _limited(claim: Claim) -> Iterator[None]:
    """Both time limits without a parent: an alarm for the soft one; at the hard one this process ends itself."""
    timer = threading.Timer(claim.time_limit, _end_process, (claim,))
    timer.daemon = True
    timer.start()
    in_main = threading.current_thread() is threading.main_thread()
    if in_main:
        signal.signal(signal.SIGALRM, _on_alarm)
        signal.setitimer(signal.ITIMER_REAL, claim.soft_time_limit)
    try:
        yield
    finally:
        if in_main:
            signal.setitimer(signal.ITIMER_REAL, 0)
        timer.cancel()


def _on_alarm(_signal: int, _frame: FrameType | None) -> None:
    raise SoftTimeLimitExceeded


def _end_process(claim: Claim) -> None:
    log.error("ending a stuck process", action="hard_limit", job=str(claim.id), attempt=claim.attempt)
    me = identity.current()
    try:
        lifecycle.lose(claim.id, me.name, me.pid, reports.over_hard_limit(claim.time_limit), died=False)
    finally:  # what the database did not take, rescue finds
        os._exit(1)
