"""How the platform is: what waits, runs and ended by queue, who works, what is held back, what is wrong."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.db.models import Count

from jobs import access, backlog, clock, doctor, throughput
from jobs.access import Verb
from jobs.clock import Now
from jobs.config import config
from jobs.doctor import Finding, Look
from jobs.health import QueueHealth
from jobs.models import Job, JobQuerySet, JobStatus, Quarantine, QueueControl, WorkerBeat
from jobs.models.control import Control
from jobs.models.grant import User
from jobs.queues import QUEUES
from jobs.throughput import Point, Recent

TROUBLE = (JobStatus.FAILED, JobStatus.DEAD, JobStatus.IN_DOUBT)
COUNTED = 1_000  # jobs in trouble of a status; more are "and more"


@dataclass
class QueueLine:
    """One queue. `oldest`: since when the job is due that has waited longest."""

    name: str
    health: QueueHealth
    recent: Recent
    points: list[Point]
    waiting: int = 0
    delayed: int = 0
    running: int = 0
    oldest: datetime | None = None
    control: Control | None = None

    @property
    def waited(self) -> float | None:
        """Seconds that the oldest due job has waited."""
        return None if self.oldest is None else max(0.0, (clock.now() - self.oldest).total_seconds())


@dataclass(frozen=True)
class Part:
    """A part of the platform that jobs need."""

    name: str
    good: bool
    text: str


@dataclass
class Overview:
    period: str
    queues: list[QueueLine]
    trouble: dict[str, int] = field(default_factory=dict)
    most: int = COUNTED  # of each trouble, as far as it is counted
    quarantined: int = 0
    paused: list[Control] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def lines(period: str = "hour", names: Collection[str] = tuple(QUEUES), look: Look | None = None) -> list[QueueLine]:
    """Each of these queues; `period` is one of `throughput.PERIODS`. A few queries, however many queues there are."""
    span, step = throughput.PERIODS[period]
    look = look or Look()
    past = throughput.past(span, step)
    found = {
        name: QueueLine(name, look.queues[name], past[name].whole, past[name].points)
        for name in QUEUES
        if name in names
    }
    _count_jobs(found, look)
    for control in look.paused:
        if isinstance(control, QueueControl) and control.name in found:
            found[control.name].control = control
    return list(found.values())


def of(period: str = "hour", names: Collection[str] = tuple(QUEUES), jobs: JobQuerySet | None = None) -> Overview:
    """Everything at a glance.

    Args:
        names: The queues that the reader may see.
        jobs: The jobs that the reader may see, for the counts of trouble; all if left out.
    """
    look = Look()
    findings = doctor.examine(look)
    return Overview(
        period=period,
        queues=lines(period, names, look),
        trouble=trouble(Job.objects.of_people() if jobs is None else jobs),
        quarantined=Quarantine.objects.count(),
        paused=look.paused,
        parts=parts(findings),
        findings=findings,
    )


def seen_by(user: User, period: str = "hour") -> Overview:
    """Of the queues on which this person has a role."""
    seen = of(period, access.queues(user, Verb.SEE), Job.objects.visible_to(user))
    if not access.may(user, Verb.SEE):  # a quarantined message has no queue, and findings name jobs of all
        seen.quarantined, seen.findings = 0, []
    return seen


def trouble(jobs: JobQuerySet) -> dict[str, int]:
    """How many of these jobs ended badly, by status; no more than `COUNTED` of each."""
    return {status: _number_of(jobs, status) for status in TROUBLE}


def parts(findings: Collection[Finding]) -> list[Part]:
    """The processes and servers behind it all, with their state."""
    wrong = {finding.name for finding in findings}
    alive = WorkerBeat.objects.filter(beat_at__gt=Now(-config().BEAT_TTL)).count()
    lead, rings = "no_dispatcher" not in wrong, "broker_away" not in wrong
    return [
        Part("Workers", alive > 0, f"{alive} alive" if alive else "none"),
        Part("Dispatcher", lead, "works" if lead else "none: delayed jobs and retries wait"),
        Part("Broker", rings, "answers" if rings else "does not answer: jobs wait, none is lost"),
        Part("Database", True, f"answers ({connection.vendor})"),
    ]


def period_of(text: str) -> str:
    """A period by its name; the hour for what is none."""
    return text if text in throughput.PERIODS else "hour"


def _number_of(jobs: JobQuerySet, status: str) -> int:
    ended = jobs.filter(status=status, finished_at__isnull=False)
    return ended.order_by("finished_at").values("pk")[:COUNTED].count()


def _count_jobs(found: dict[str, QueueLine], look: Look) -> None:
    for name, line in found.items():
        waiting = backlog.of_queue(look.backlog, name)
        line.waiting, line.delayed, line.oldest = waiting.due, waiting.later, waiting.oldest
    running = Job.objects.of_people().filter(status=JobStatus.PROCESSING).order_by().values_list("queue")
    for name, count in running.annotate(number=Count("*")):
        if name in found:
            found[name].running = count
