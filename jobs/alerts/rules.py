"""What is worth an alert. Each rule looks and says what it sees now; `jobs.alerts.watch` decides when to tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from django.db.models import Count, Min

from jobs import clock, health, throughput
from jobs.alerts.tasks import NAMES
from jobs.clock import Now
from jobs.config import config
from jobs.health import QueueHealth
from jobs.models import Effect, Hold, Job, JobStatus
from jobs.queues import QUEUES
from jobs.throughput import Recent
from jobs.wording import number_of

WINDOW = 600.0  # seconds that dead jobs, failures and times are looked at
FEW = 20  # jobs of that time, of which a share says nothing


@dataclass(frozen=True)
class Sight:
    """Something that a rule sees. `subject`: the queue; `at_once`: it need not last to be told."""

    rule: str
    subject: str
    text: str
    at_once: bool = False


def look() -> list[Sight]:
    """Everything that is worth an alert now. A few short queries, however many jobs there are; changes nothing."""
    scene = Scene()
    return [sight for rule in RULES for sight in rule(scene)]


class Scene:
    """What more than one rule looks at, asked once."""

    @cached_property
    def queues(self) -> dict[str, QueueHealth]:
        return health.queues()

    @cached_property
    def recent(self) -> list[tuple[str, Recent]]:
        """What the last ten minutes were like, of queues in which enough ended."""
        recent = throughput.of_queues(timedelta(seconds=WINDOW))
        return [(name, recent[name]) for name in QUEUES if recent[name].ended >= FEW]


def _dead(_: Scene) -> Iterator[Sight]:
    dead = Job.objects.of_people().filter(status=JobStatus.DEAD, finished_at__gt=Now(-WINDOW)).exclude(task__in=NAMES)
    for queue, count in dead.order_by().values_list("queue").annotate(Count("pk")):
        yield Sight(
            "dead", queue, f"{number_of(count, 'job')} of queue {queue} died in the last ten minutes.", at_once=True
        )


def _in_doubt(_: Scene) -> Iterator[Sight]:
    doubts = Effect.objects.in_doubt()
    for queue, count in doubts.order_by().values_list("job__queue").annotate(Count("pk")):
        text = f"In doubt on queue {queue}: {number_of(count, 'job')}, until a person has a look."
        yield Sight("in_doubt", queue, text, at_once=True)


def _queue_age(scene: Scene) -> Iterator[Sight]:
    held = {name for name, queue in scene.queues.items() if queue.paused}
    late = Job.objects.of_people().waiting().filter(run_at__lt=Now(-config().ALERT_QUEUE_AGE)).exclude(queue__in=held)
    now = clock.now()
    for queue, oldest in late.order_by().values_list("queue").annotate(Min("run_at")):
        age = (now - oldest).total_seconds()
        yield Sight("queue_age", queue, f"The oldest due job of queue {queue} has waited {age:,.0f} s.")


def _no_worker(scene: Scene) -> Iterator[Sight]:
    for name, queue in scene.queues.items():
        if queue.state == "no worker":
            yield Sight("no_worker", name, f"Queue {name} has no worker.")
        elif queue.state == "silent":
            yield Sight("silent", name, f"The workers of queue {name} live, and take nothing.")


def _stuck(_: Scene) -> Iterator[Sight]:
    for beat in health.stuck():
        yield Sight("stuck", beat.name, f"Worker {beat.name} lives, and begins nothing, unlike the others.")


def _failures(scene: Scene) -> Iterator[Sight]:
    for name, recent in scene.recent:
        if recent.failure_rate > config().ALERT_FAILURES:
            share = f"{recent.failure_rate:.0%} of the {recent.ended:,} jobs of queue {name}"
            yield Sight("failures", name, f"{share} failed in the last ten minutes.", at_once=True)


def _slow(scene: Scene) -> Iterator[Sight]:
    longest = config().ALERT_TOTAL
    for name, recent in scene.recent:
        if (recent.total_95 or 0) > longest:
            text = f"Of 20 jobs of queue {name} more than one took over {longest:g} s from enqueued to ended."
            yield Sight("slow", name, text, at_once=True)


def _held(_: Scene) -> Iterator[Sight]:
    held = Hold.objects.filter(released_at=None).annotate(Count("jobs")).filter(jobs__count__gt=0)
    for key, reason, count in held.values_list("key", "reason", "jobs__count"):
        yield Sight("held", key, f"{number_of(count, 'job')} held: {reason}"[:300], at_once=True)


KINDS = ("dead", "in_doubt", "held", "queue_age", "no_worker", "silent", "stuck", "failures", "slow")
NOT_OF_QUEUES = ("held", "stuck")


def exists(key: str) -> bool:
    """Whether there can be an alert of this key."""
    rule, _, subject = key.partition(":")
    return rule in KINDS and (bool(subject) if rule in NOT_OF_QUEUES else subject in QUEUES)


RULES: tuple[Callable[[Scene], Iterator[Sight]], ...] = (
    _dead,
    _in_doubt,
    _held,
    _queue_age,
    _no_worker,
    _stuck,
    _failures,
    _slow,
)
