"""Is each queue consumed? What the workers say of themselves, and whether their canary came back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db.models import Count

from jobs import broker, doorbell
from jobs.clock import Now
from jobs.config import config
from jobs.models import Canary, Job, JobStatus, Lease, QueueControl, WorkerBeat
from jobs.models.job import CANARY
from jobs.queues import QUEUES
from jobs.worker import DISPATCHER


@dataclass
class QueueHealth:
    """One queue: its live workers, their slots and how many of these are free, and what its last canary said."""

    queue: str
    workers: int = 0
    slots: int = 0
    free: int = 0
    paused: bool = False
    silent_since: datetime | None = None
    answered_at: datetime | None = None
    answered_by: str = ""

    @property
    def state(self) -> Literal["ok", "paused", "no worker", "silent"]:
        """`ok`, `paused`, `no worker`, or `silent`: its workers live, and have taken nothing for a while."""
        if self.paused:
            return "paused"
        if not self.workers:
            return "no worker"
        return "silent" if self.silent_since else "ok"


def queues() -> dict[str, QueueHealth]:
    """Every queue's health, by its name. A few short queries."""
    healths = {name: QueueHealth(name) for name in QUEUES}
    _look_at_workers(healths)
    for name in QueueControl.objects.filter(paused=True, name__in=healths).values_list("name", flat=True):
        healths[name].paused = True
    for canary in Canary.objects.filter(queue__in=healths):
        health = healths[canary.queue]
        health.silent_since, health.answered_at = canary.silent_since, canary.answered_at
        health.answered_by = canary.worker
    return healths


def has_broker() -> bool:
    """Whether it answers this process."""
    return not broker.is_open() and doorbell.is_connected()


def has_dispatcher() -> bool:
    """Whether one works now."""
    return Lease.objects.filter(name=DISPATCHER, until__gt=Now()).exists()


def _look_at_workers(healths: dict[str, QueueHealth]) -> None:
    running = Job.objects.filter(status=JobStatus.PROCESSING).exclude(task=CANARY).order_by().values_list("boot")
    busy = Counter(dict(running.annotate(number=Count("*"))))
    for beat in WorkerBeat.objects.filter(beat_at__gt=Now(-config().BEAT_TTL), stopping=False):
        for name in healths.keys() & set(beat.queues):
            healths[name].workers += 1
            healths[name].slots += beat.slots
            healths[name].free += max(0, beat.slots - busy[beat.boot])
