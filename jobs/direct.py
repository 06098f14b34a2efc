"""Running due jobs straight from the ledger, without a broker: while it is away, or where no worker can stay up."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Sequence

from django.db.models import Exists, OuterRef

from jobs import executor, limits, registry
from jobs.clock import Now
from jobs.models import WAITING, Job, JobQuerySet, QueueControl, TaskControl


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
        with limits.enforced(claim):
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
