"""Why has a job not run? Every gate between it and a worker is looked at, and the one in the way is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Count, Q, Subquery

from jobs import clock, health, strangers
from jobs.clock import Now
from jobs.config import config
from jobs.models import (
    WAITING,
    Canary,
    Effect,
    EffectStatus,
    Hold,
    Job,
    JobQuerySet,
    JobStatus,
    QueueControl,
    TaskControl,
    WorkerBeat,
)
from jobs.models.control import Control
from jobs.uniqueness import RUNNING_SLOT
from jobs.wording import number_of, span

RECENT = 300  # seconds whose throughput an estimate is made from
FARTHEST = 10_000  # jobs ahead are counted to this
SHOWN = 5  # jobs that hold the slots


@dataclass(frozen=True)
class Gate:
    """One thing that may keep a job from running. `detail` may name other people's jobs."""

    name: str
    shut: bool
    text: str
    remedy: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self, *, details: bool) -> dict[str, Any]:
        told = {"name": self.name, "shut": self.shut, "text": self.text, "remedy": self.remedy}
        return told | ({"detail": dict(self.detail)} if details else {})


@dataclass(frozen=True)
class Explanation:
    """`gates` in the order that a job passes them. `ahead`: jobs of its queue that go first. `estimate`: seconds."""

    job: Job
    gates: tuple[Gate, ...]
    ahead: int | None = None
    estimate: float | None = None

    @property
    def in_the_way(self) -> Gate | None:
        """The first gate that is shut; None for a job that will run at any moment."""
        return next((gate for gate in self.gates if gate.shut), None)

    @property
    def text(self) -> str:
        gate = self.in_the_way
        return gate.text if gate else self._otherwise

    def as_dict(self, *, details: bool) -> dict[str, Any]:
        """For programs; without `details`, nothing of it tells of other people's jobs."""
        shut = self.in_the_way
        return {
            "job_id": str(self.job.pk),
            "status": self.job.status,
            "in_the_way": shut.as_dict(details=details) if shut else None,
            "gates": [gate.as_dict(details=details) for gate in self.gates],
            "ahead": self.ahead,
            "estimate": self.estimate,
        }

    @property
    def _otherwise(self) -> str:
        waits = self.job.status in WAITING
        return "Nothing is in its way: a worker takes it at any moment." if waits else self.gates[0].text


def explain(job: Job) -> Explanation:
    """Look at every gate of a job as things are now. Changes nothing."""
    if job.status not in WAITING:
        return Explanation(job, (_not_waiting(job),))
    around = Surroundings(job)
    gates = tuple(look(around) for look in GATES)
    ahead = around.ahead if job.run_at <= around.now else None
    return Explanation(job, gates, ahead, _estimate(around, ahead))


def gate_of(job: Job, *, leader: bool | None = None, broker: bool | None = None) -> Gate | None:
    """The gate in the way of a job that waits, and no more is looked at; None for one that will run at any moment.

    Args:
        leader: Whether a dispatcher works, where that is known already.
        broker: Whether the broker answers, likewise.
    """
    around = Surroundings(job)
    if leader is not None:
        around.leader = leader
    if broker is not None:
        around.broker = broker
    return next((gate for gate in (look(around) for look in GATES) if gate.shut), None)


class Surroundings:
    """What the gates ask about, each thing asked once."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.now = clock.now()

    @cached_property
    def workers(self) -> list[WorkerBeat]:
        """Those that live and take jobs from its queue."""
        beats = WorkerBeat.objects.filter(beat_at__gt=Now(-config().BEAT_TTL), stopping=False)
        return [beat for beat in beats if self.job.queue in beat.queues]

    @cached_property
    def running(self) -> JobQuerySet:
        """What those workers run."""
        return Job.objects.filter(status=JobStatus.PROCESSING, boot__in=[beat.boot for beat in self.workers])

    @cached_property
    def tasks(self) -> Counter[str]:
        """How many of each task they run."""
        return Counter(dict(self.running.order_by().values_list("task").annotate(number=Count("*"))))

    @property
    def longest(self) -> list[Job]:
        return list(self.running.only("task", "started_at").order_by("started_at")[:SHOWN])

    @cached_property
    def slots(self) -> int:
        return sum(beat.slots for beat in self.workers)

    @cached_property
    def ahead(self) -> int:
        """Waiting and due jobs of its queue that go first."""
        job = self.job
        # The database compares its own values: a time that went through Python is written differently on SQLite.
        due_at = Subquery(Job.objects.filter(pk=job.pk).values("run_at"))
        earlier = Q(run_at__lt=due_at) | Q(run_at=due_at, pk__lt=job.pk)
        first = Job.objects.waiting().filter(
            Q(priority__lt=job.priority) | Q(priority=job.priority) & earlier, queue=job.queue, run_at__lte=Now()
        )
        # In the order of its index, which has all that is asked for.
        return first.order_by("run_at", "pk").values("pk")[:FARTHEST].count()

    @cached_property
    def leader(self) -> bool:
        """Whether a dispatcher works."""
        return health.has_dispatcher()

    @cached_property
    def broker(self) -> bool:
        return health.has_broker()


def _not_waiting(job: Job) -> Gate:
    match job.status:
        case JobStatus.PROCESSING:
            asked = " It was asked to stop." if job.cancel_requested_at else ""
            return Gate("running", False, f"It runs now, on {job.worker}, since {_at(job.started_at)}.{asked}")
        case JobStatus.IN_DOUBT:
            names = Effect.objects.filter(job=job, status=EffectStatus.ATTEMPTING).values_list("kind", flat=True)
            return Gate(
                "in_doubt",
                True,
                "Nobody knows whether its effect happened, so that it waits for a person's word.",
                "Look with the provider, then resolve the effect with a reason.",
                {"effects": list(names)},
            )
        case _:
            end = f"It has ended: {job.status}"
            remedy = "" if job.status == JobStatus.COMPLETED else "Run it again if that was not meant."
            return Gate("ended", job.status != JobStatus.COMPLETED, f"{end}{_because(job)}.", remedy)


def _held(around: Surroundings) -> Gate:
    """Its key is not told: it is the product's own name for what holds it."""
    hold = Hold.objects.filter(jobs__job=around.job, released_at=None).first()
    if hold is None:
        return Gate("held", False, "Nothing holds it.")
    return Gate(
        "held",
        True,
        f"It is held since {_at(hold.since)}: {hold.reason}",
        "It goes on by itself when that is mended, or run it now to have it try again.",
        {"hold": hold.key},
    )


def _time(around: Surroundings) -> Gate:
    job = around.job
    if job.run_at <= around.now:
        return Gate("time", False, f"Its time came at {_at(job.run_at)}.")
    why = f" after a failure ({job.error_class or job.error})" if job.status == JobStatus.RETRYING and job.error else ""
    return Gate(
        "time",
        True,
        f"It waits for its time{why}: {_at(job.run_at)}, in {span((job.run_at - around.now).total_seconds())}.",
        "Wait, or run it now.",
    )


def _queue_paused(around: Surroundings) -> Gate:
    return _control("queue_paused", "queue", QueueControl.objects.filter(pk=around.job.queue).first())


def _task_paused(around: Surroundings) -> Gate:
    return _control("task_paused", "task", TaskControl.objects.filter(pk=around.job.task).first())


def _control(name: str, kind: str, control: Control | None) -> Gate:
    if control is None or not control.paused:
        return Gate(name, False, f"Its {kind} is not paused.")
    why = f": {control.reason}" if control.reason else ""
    until = f" until {_at(control.resume_at)}" if control.resume_at else ""
    return Gate(
        name,
        True,
        f"Its {kind} {control.name} is paused since {_at(control.changed_at)}{until}{why}.",
        f"Resume the {kind}.",
        {"by": control.by},
    )


def _unique(around: Surroundings) -> Gate:
    """Only a keep-latest job waits for another; the other kinds of unique jobs are never written down twice."""
    job = around.job
    if job.unique_scope != "latest":
        return Gate("unique", False, "It waits for no other job.")
    holder = Job.objects.filter(unique_slot=job.unique_key + RUNNING_SLOT).exclude(pk=job.pk).first()
    if holder is None:
        return Gate("unique", False, "No other job of its kind runs.")
    return Gate(
        "unique",
        True,
        "It goes when the one of its kind that runs now has ended.",
        "Wait, or cancel the one that runs.",
        {"holder": str(holder.pk), "since": _at(holder.started_at)},
    )


def _workers(around: Surroundings) -> Gate:
    if not around.workers:
        return Gate(
            "no_worker",
            True,
            f"No worker takes jobs from queue {around.job.queue}.",
            f"Start one: manage.py worker {around.job.queue}",
        )
    return Gate("no_worker", False, f"{number_of(len(around.workers), 'worker')} of its queue, {around.slots} slots.")


def _consuming(around: Surroundings) -> Gate:
    canary = Canary.objects.filter(pk=around.job.queue).first()
    if canary is None or canary.silent_since is None:
        return Gate("silent", False, "The workers of its queue answer.")
    return Gate(
        "silent",
        True,
        f"The workers of its queue live, but have taken nothing since {_at(canary.silent_since)}.",
        "Restart them; what they run is not lost.",
        {"workers": [beat.name for beat in around.workers]},
    )


def _slots(around: Surroundings) -> Gate:
    busy = around.tasks.total()
    if not around.workers or busy < around.slots:
        return Gate("slots", False, f"{busy} of {around.slots} slots are busy.")
    longest = [{"job_id": str(job.pk), "task": job.task, "since": _at(job.started_at)} for job in around.longest]
    return Gate(
        "slots",
        True,
        f"All {around.slots} slots of its workers are busy. Before it in its queue: {number_of(around.ahead, 'job')}.",
        "Wait, start more workers, or give it a lower priority number.",
        {"tasks": dict(around.tasks.most_common(SHOWN)), "longest": longest},
    )


def _broker(around: Surroundings) -> Gate:
    if not around.broker:
        return Gate(
            "broker",
            True,
            "The broker is away; until it is back, only tasks without effects run, a few at a time.",
            "Start Redis. Nothing is lost: the dispatcher rings for what waits.",
        )
    return Gate("broker", False, "The broker answers.")


def _doorbell(around: Surroundings) -> Gate:
    job = around.job
    if job.rung_at is not None:
        return Gate(
            "doorbell", False, f"Workers were told of it at {_at(job.rung_at)}, {number_of(job.rings, 'time')} so far."
        )
    if around.leader:
        return Gate("doorbell", False, "The dispatcher tells the workers of it when its turn comes.")
    return Gate(
        "doorbell",
        True,
        "Workers were not told of it, and no dispatcher runs to do so.",
        "Start one: manage.py dispatcher",
    )


def _known(around: Surroundings) -> Gate:
    job = around.job
    if job.rung_at is None and strangers.UNKNOWN in job.reason:
        return Gate("unknown_task", True, f"{job.reason}.", "Deploy the code that has the task to its workers.")
    return Gate("unknown_task", False, "No worker has said that it does not know its task.")


GATES: tuple[Callable[[Surroundings], Gate], ...] = (
    _held,
    _time,
    _queue_paused,
    _task_paused,
    _unique,
    _workers,
    _known,
    _broker,
    _doorbell,
    _consuming,
    _slots,
)


def _estimate(around: Surroundings, ahead: int | None) -> float | None:
    """Seconds, from how many jobs of the queue ended in the last minutes; None where nothing tells."""
    if ahead is None or not around.workers:
        return None
    # A time that PostgreSQL knows when it plans: after one that it has to ask for it expects a third of all jobs.
    lately = around.now - timedelta(seconds=RECENT)
    ended = Job.objects.filter(queue=around.job.queue, status=JobStatus.COMPLETED, finished_at__gt=lately)
    done = ended.order_by("-finished_at").values("pk")[:FARTHEST].count()
    return round(ahead * RECENT / done, 1) if done else None


def _because(job: Job) -> str:
    told = job.error or job.reason
    return f" ({told})" if told else ""


def _at(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if moment else "an unknown time"
