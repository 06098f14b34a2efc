"""Who works, and on what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from jobs import health
from jobs.models import Job, JobStatus, WorkerBeat


@dataclass(frozen=True)
class Working:
    """A worker as it was last heard, and the jobs that it runs, the longest first."""

    beat: WorkerBeat
    jobs: Sequence[Job]
    is_stuck: bool = False  # it begins nothing, unlike the others of its queues


def working() -> list[Working]:
    """Every worker that was heard of lately, by name. A few queries."""
    running: dict[UUID | None, list[Job]] = {}
    people = Job.objects.of_people().filter(status=JobStatus.PROCESSING)
    for job in people.only("task", "boot", "started_at").order_by("started_at", "pk"):
        running.setdefault(job.boot, []).append(job)
    stuck = {beat.boot for beat in health.stuck()}
    return [Working(beat, running.get(beat.boot, []), beat.boot in stuck) for beat in WorkerBeat.objects.all()]
