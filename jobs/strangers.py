"""A task that this worker does not know, in the middle of a deploy: its job is left for a worker that does.

Celery would report the job as failed. Here it waits on, spends no attempt, says why, and is rung again after a while
that grows each time.
"""

from __future__ import annotations

import logging
import uuid
from types import MethodType
from typing import Any

import structlog
from celery import bootsteps
from celery.worker.consumer.tasks import Tasks

UNKNOWN = "does not know task"

log = structlog.stdlib.get_logger("jobs")


class Strangers(bootsteps.StartStopStep):
    """Replaces what the consumer does with a message of an unknown task, each time it (re)connects."""

    requires = (Tasks,)

    def start(self, parent: Any) -> None:
        def leave_it(consumer: Any, body: Any, message: Any, error: KeyError) -> None:
            message.reject_log_error(logging.getLogger("jobs"), consumer.connection_errors)
            leave(str(message.headers["id"]), str(message.headers["task"]), consumer.hostname)

        parent.on_unknown_task = MethodType(leave_it, parent)


def leave(job_id: str, task: str, worker: str) -> bool:
    """Leave a job to others. False: no such job waits."""
    from jobs import lifecycle, parent, quarantine  # need Django's models, which Celery's app comes before
    from jobs.models import Job

    try:
        job = uuid.UUID(job_id)
    except ValueError:
        quarantine.keep(job_id.encode(), task, "names no job")
        return False
    log.warning("task unknown here, left for another worker", action="task_unknown", job=job_id, task=task)
    reason = f"{worker} {UNKNOWN} {task}: left for another"
    if parent.write(job_id, lambda: lifecycle.leave(job, reason)):
        return True
    if parent.write(job_id, lambda: Job.objects.filter(pk=job).exists()) is False:
        quarantine.keep(job_id.encode(), task, "names no job of the ledger")
    return False
