"""Is each queue consumed? What the workers say of themselves, and whether their canary came back."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db.models import Count

from jobs import broker, clock, doorbell
from jobs.clock import Now
from jobs.config import config
from jobs.models import Canary, Job, JobStatus, Lease, QueueControl, WorkerBeat
from jobs.models.job import CANARY
from jobs.queues import QUEUES
from jobs.worker import DISPATCHER, LEASE_TTL

MISSED = 14  # times its turn: by chance, one in a million
LOOKED_AT = 2_000  # jobs that ended last

Ended = tuple[str, UUID | None, datetime | None]  # its queue, who ran it, since when


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


def stuck() -> list[WorkerBeat]:
    """Live workers that could have begun a job and have not, while the others of a queue of theirs began many."""
    alive = list(WorkerBeat.objects.filter(beat_at__gt=Now(-config().BEAT_TTL), stopping=False))
    idle = [
        beat
        for beat in alive
        if beat.idle_since and beat.beat_at - beat.idle_since > timedelta(seconds=config().CANARY_WITHIN)
    ]
    if len(alive) < 2 or not idle:
        return []
    since = min(beat.idle_since for beat in idle if beat.idle_since)
    ended = Job.objects.filter(status=JobStatus.COMPLETED, finished_at__gt=since).order_by("-finished_at")
    lately = list(ended.values_list("queue", "boot", "started_at")[:LOOKED_AT])
    return [beat for beat in idle if any(_is_passed_over(beat, queue, alive, lately) for queue in beat.queues)]


def has_broker() -> bool:
    """Whether it answers this process."""
    return not broker.is_open() and doorbell.is_connected()


def has_dispatcher() -> bool:
    """Whether one works now."""
    return Lease.objects.filter(name=DISPATCHER, until__gt=Now()).exists()


def dispatcher_lag() -> float:
    """Seconds since one last said that it works: about one while it does, endless where there never was one."""
    until = Lease.objects.filter(name=DISPATCHER).values_list("until", flat=True).first()
    return max(0.0, (clock.now() - until).total_seconds() + LEASE_TTL) if until else math.inf


def _look_at_workers(healths: dict[str, QueueHealth]) -> None:
    running = Job.objects.filter(status=JobStatus.PROCESSING).exclude(task=CANARY).order_by().values_list("boot")
    busy = Counter(dict(running.annotate(number=Count("*"))))
    for beat in WorkerBeat.objects.filter(beat_at__gt=Now(-config().BEAT_TTL), stopping=False):
        for name in healths.keys() & set(beat.queues):
            healths[name].workers += 1
            healths[name].slots += beat.slots
            healths[name].free += max(0, beat.slots - busy[beat.boot])


def _is_passed_over(beat: WorkerBeat, queue: str, alive: Sequence[WorkerBeat], lately: Sequence[Ended]) -> bool:
    """Whether its share of a queue's jobs went to others too often for chance: each has one in so many of a job."""
    others = {one.boot for one in alive if queue in one.queues} - {beat.boot}
    began = sum(
        name == queue
        and boot in others
        and started is not None
        and beat.idle_since is not None
        and started > beat.idle_since
        for name, boot, started in lately
    )
    return bool(others) and began >= MISSED * (len(others) + 1)
