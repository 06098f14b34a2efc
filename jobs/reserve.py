"""A worker takes a few more doorbells than it runs, so that a process that is done need not wait for the next one.

Celery's own bound (`worker_disable_prefetch`) is one a process. More is safe here: a doorbell that waits behind a long
job is rung again, and whoever claims first runs it.
"""

from __future__ import annotations

from types import MethodType
from typing import Any

from celery import bootsteps
from celery.worker import state
from celery.worker.consumer.tasks import Tasks

PER_PROCESS = 2


class Reserve(bootsteps.StartStopStep):
    """Replaces the consumer's bound each time it (re)connects."""

    requires = (Tasks,)

    def start(self, parent: Any) -> None:
        def can_consume(_: Any) -> bool:
            slots: int = getattr(parent.controller, "max_concurrency", None) or parent.pool.num_processes
            return len(state.reserved_requests) < PER_PROCESS * slots

        qos = parent.task_consumer.channel.qos
        qos.can_consume = MethodType(can_consume, qos)
