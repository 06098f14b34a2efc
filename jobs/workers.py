"""Who works, and on what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from jobs import access, health, slots
from jobs.access import Verb
from jobs.config import config
from jobs.models import Job, JobStatus, Slots, WorkerBeat
from jobs.models.grant import User


@dataclass(frozen=True)
class Working:
    """A worker as it was last heard, and the jobs that it runs, the longest first."""

    beat: WorkerBeat
    jobs: Sequence[Job]
    is_stuck: bool = False  # it begins nothing, unlike the others of its queues
    kept: Slots | None = None  # how many slots are kept for its name

    @property
    def is_silent(self) -> bool:
        return self.beat.beat_at < datetime.now(UTC) - timedelta(seconds=config().BEAT_TTL)

    @property
    def is_resizable(self) -> bool:
        return self.beat.pool == slots.RESIZABLE and not self.is_silent


def working() -> list[Working]:
    """Every worker that was heard of lately, by name. A few queries."""
    running: dict[UUID | None, list[Job]] = {}
    people = Job.objects.of_people().filter(status=JobStatus.PROCESSING)
    for job in people.only("task", "boot", "started_at").order_by("started_at", "pk"):
        running.setdefault(job.boot, []).append(job)
    stuck = {beat.boot for beat in health.stuck()}
    kept = slots.of_workers()
    return [
        Working(beat, running.get(beat.boot, []), beat.boot in stuck, kept.get(beat.name))
        for beat in WorkerBeat.objects.all()
    ]


def seen_by(user: User) -> list[Working]:
    """Those that work for a queue on which the user has a role; one that works for none is everybody's."""
    seen = set(access.queues(user, Verb.SEE))
    return [one for one in working() if seen.intersection(one.beat.queues) or (seen and not one.beat.queues)]


def find(user: User, boot: UUID) -> Working | None:
    """One of those; another's is as good as none."""
    return next((one for one in seen_by(user) if one.beat.boot == boot), None)


def steered_by(user: User, worker: WorkerBeat) -> bool:
    """Whether the user may stop it and change its slots: operators of every queue that it works for."""
    return all(access.may(user, Verb.STOP, queue) for queue in worker.queues or [None])
