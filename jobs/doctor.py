"""What is wrong with the platform just now, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from jobs import backlog, clock, health, pausing, registry, throughput, why
from jobs.backlog import Backlog
from jobs.clock import Now
from jobs.health import QueueHealth
from jobs.models import Counted, Effect, Job, Quarantine, QueueControl
from jobs.models.control import Control
from jobs.queues import QUEUES
from jobs.wording import number_of, span

LONG = 300.0  # seconds that a due job may wait before it is worth a word
OFTEN = 0.05  # of the jobs of an hour fail
FEW = 20  # jobs of an hour, of which a share says nothing
TOLD_ELSEWHERE = (
    "no_worker",
    "silent",
    "broker",
    "doorbell",
    "queue_paused",
    "task_paused",
)  # gates that other checks name
STALE = 120.0  # seconds that the statistics may lag


@dataclass(frozen=True)
class Finding:
    """Something to know. `bad`: jobs do not run, or do not succeed, until somebody does the remedy."""

    name: str
    text: str
    remedy: str
    bad: bool = True


class Look:
    """The platform as it is now: each thing asked once, however many want to know it."""

    @cached_property
    def backlog(self) -> list[Backlog]:
        return backlog.of_people()

    @cached_property
    def queues(self) -> dict[str, QueueHealth]:
        return health.queues()

    @cached_property
    def paused(self) -> list[Control]:
        return pausing.paused()

    @cached_property
    def has_broker(self) -> bool:
        return health.has_broker()

    @cached_property
    def has_dispatcher(self) -> bool:
        return health.has_dispatcher()


def examine(look: Look | None = None) -> list[Finding]:
    """Everything that is not as it should be, the gravest first. Changes nothing."""
    now = look or Look()
    return [finding for check in CHECKS for finding in check(now)]


def _broker(look: Look) -> Iterator[Finding]:
    if not look.has_broker:
        yield Finding(
            "broker_away",
            "The broker does not answer.",
            "Start Redis, or correct REDIS_URL. Nothing is lost: what waits is rung when it is back.",
        )


def _dispatcher(look: Look) -> Iterator[Finding]:
    if not look.has_dispatcher:
        yield Finding(
            "no_dispatcher",
            "No dispatcher works: delayed jobs, retries and a backlog wait, and nothing is rescued.",
            "Start one, or two: manage.py dispatcher",
        )


def _queues(look: Look) -> Iterator[Finding]:
    for name, queue in look.queues.items():
        if queue.state == "no worker":
            yield Finding(
                "no_worker",
                f"Queue {name} has no worker. Due and waiting: {backlog.of_queue(look.backlog, name).due:,}.",
                f"Start one: manage.py worker {name}",
            )
        elif queue.state == "silent":
            yield Finding(
                "silent_queue",
                f"The workers of queue {name} live, and have taken nothing since {queue.silent_since:%H:%M:%S} UTC.",
                "Restart them: what they run is rescued.",
            )


def _paused(look: Look) -> Iterator[Finding]:
    for control in look.paused:
        yield Finding("paused", _told(control), f"Resume it when the reason is gone: {_to_resume(control)}", bad=False)


def _to_resume(control: Control) -> str:
    return f"manage.py resume {control.name if isinstance(control, QueueControl) else f'--task {control.name}'}"


def _workers(_: Look) -> Iterator[Finding]:
    for beat in health.stuck():
        yield Finding(
            "stuck_worker",
            f"Worker {beat.name} lives, and has begun nothing since {beat.idle_since:%H:%M:%S} UTC, unlike the others.",
            "Restart it: what it took is rung again.",
        )


def _stuck(look: Look) -> Iterator[Finding]:
    """The oldest due job of each queue, if it has waited long and no other check says why."""
    known = [part for part in look.backlog if part.task in registry.known()]
    late = clock.now() - timedelta(seconds=LONG)
    for queue in QUEUES:
        oldest = backlog.of_queue(known, queue).oldest
        told = look.queues[queue].state != "ok" or not (look.has_broker and look.has_dispatcher)
        if oldest and oldest < late and not told and (job := _first_of(queue)):
            yield from _why_late(job, look)


def _first_of(queue: str) -> Job | None:
    waiting = Job.objects.waiting().filter(queue=queue, task__in=registry.known())
    return waiting.order_by("run_at", "pk").first()


def _why_late(job: Job, look: Look) -> Iterator[Finding]:
    waited = f"Job {job.pk} ({job.task}) has waited {_age(job)}"
    gate = why.gate_of(job, leader=look.has_dispatcher, broker=look.has_broker)
    if gate is None or gate.name == "slots":
        yield Finding("slow", f"{waited} for its turn.", "Start more workers, or wait.", bad=False)
    elif gate.name not in TOLD_ELSEWHERE:
        yield Finding("stuck", f"{waited}: {gate.text}", gate.remedy)


def _unknown_tasks(look: Look) -> Iterator[Finding]:
    counts: dict[str, int] = {}
    for part in look.backlog:
        if part.task not in registry.known():
            counts[part.task] = counts.get(part.task, 0) + part.jobs
    for task, count in counts.items():
        yield Finding(
            "unknown_task",
            f"{number_of(count, 'job')} of task {task!r}, which this code does not have.",
            f"Deploy the code that has it, or cancel them: manage.py cancel --query task:{task} --yes",
        )


def _doubts(_: Look) -> Iterator[Finding]:
    count = Effect.objects.in_doubt().count()
    if count:
        yield Finding(
            "in_doubt",
            f"{number_of(count, 'effect')} in doubt: nobody knows whether it happened, and the job waits.",
            "Look with the provider, then say what you saw: manage.py effects lists them.",
        )


def _failures(_: Look) -> Iterator[Finding]:
    for name, recent in throughput.of_queues(timedelta(hours=1)).items():
        if recent.ended >= FEW and recent.failure_rate > OFTEN:
            yield Finding(
                "failures",
                f"{recent.failure_rate:.0%} of the {recent.ended:,} jobs of queue {name} failed in the last hour.",
                "See why: manage.py failures age:1h",
            )


def _quarantine(_: Look) -> Iterator[Finding]:
    count = Quarantine.objects.filter(at__gt=Now(-86_400)).count()
    if count:
        yield Finding(
            "quarantine",
            f"Not understood in the last day: {number_of(count, 'message')}.",
            "Does somebody else write to this Redis? See what it was: manage.py quarantine",
            bad=False,
        )


def _statistics(look: Look) -> Iterator[Finding]:
    late = Counted.objects.filter(until__lt=Now(-STALE))
    if look.has_dispatcher and late.exists():
        yield Finding("statistics_late", "The statistics lag behind.", "They catch up by themselves.", bad=False)


CHECKS: tuple[Callable[[Look], Iterator[Finding]], ...] = (
    _broker,
    _dispatcher,
    _queues,
    _workers,
    _unknown_tasks,
    _stuck,
    _doubts,
    _failures,
    _paused,
    _quarantine,
    _statistics,
)


def _told(control: Control) -> str:
    kind = "Queue" if isinstance(control, QueueControl) else "Task"
    because = f": {control.reason}" if control.reason else ""
    until = f" until {control.resume_at:%H:%M:%S} UTC" if control.resume_at else ""
    return f"{kind} {control.name} is paused by {control.by or 'somebody'}{until}{because}."


def _age(job: Job) -> str:
    return span((clock.now() - job.run_at).total_seconds())
