"""What the platform announces. Listeners mirror (log lines, metrics); they never decide."""

from __future__ import annotations

import uuid
from typing import Protocol

from django.dispatch import Signal

from jobs.models import Job, JobStatus

job_enqueued = Signal(use_caching=True)  # ids, task, queue
job_settled = Signal(use_caching=True)  # job, status


class Settled(Protocol):
    """A job, or the claim of one."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def task(self) -> str: ...
    @property
    def queue(self) -> str: ...
    @property
    def attempt(self) -> int: ...
    @property
    def correlation_id(self) -> str: ...


def enqueued(ids: list[uuid.UUID], task: str, queue: str) -> None:
    job_enqueued.send_robust(sender=Job, ids=ids, task=task, queue=queue)


def settled(job: Settled, status: JobStatus) -> None:
    job_settled.send_robust(sender=Job, job=job, status=status)
