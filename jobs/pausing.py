"""Holding back a queue or a task, and letting it go on. Every claim asks; so it holds for every worker, at once.

What was rung already stays waiting, since its claim finds nothing; what runs finishes.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from jobs import audit, clock, lifecycle, registry
from jobs.clock import Now
from jobs.errors import Refused, UnknownTask
from jobs.models import QueueControl, TaskControl
from jobs.models.control import Control
from jobs.queues import QUEUE_ALIASES, limits
from jobs.reports import clean, storable

AT_ONCE = 500  # rows of one statement
WAKE_FOR = 0.2  # seconds that one round of the dispatcher spends on it
LONGEST = 30 * 86_400.0  # seconds
OVER = {"paused": True, "resume_at__lte": Now()}
BY_TIME = "the time that was given"  # who resumes what was paused for a while


def pause(
    *, queue: str = "", task: str = "", by: str, reason: str = "", origin: str = "", seconds: float | None = None
) -> Control:
    """Hold back the jobs of a queue or of a task until it is resumed; those that run finish.

    Pausing it again changes the reason and the time. Who and why is recorded.

    Args:
        seconds: After so long it goes on by itself.

    Raises:
        UnknownQueue, UnknownTask: naming those that there are.
        Refused: not exactly one of queue and task is given, or a time out of its range.
    """
    model, name = _subject(queue, task)
    if seconds is not None and not 0 < seconds <= LONGEST:
        raise Refused("Give a time of up to 30 days, in seconds, or none.", field="seconds")
    until = None if seconds is None else clock.now() + timedelta(seconds=seconds)
    return _set(model, name, paused=True, until=until, by=by, reason=reason, origin=origin)


def resume(*, queue: str = "", task: str = "", by: str, reason: str = "", origin: str = "") -> Control:
    """Let a queue or a task go on. What was held back keeps its place in the order.

    Raises: as `pause`; a task that is known no more can be resumed, too.
    """
    model, name = _subject(queue, task, known_by_its_row=True)
    control = _set(model, name, paused=False, by=by, reason=reason, origin=origin)
    lifecycle.wake_refused(Q(queue=name) if model is QueueControl else Q(task=name), AT_ONCE)
    lifecycle.wake_held(AT_ONCE)
    return control


def paused() -> list[Control]:
    """Everything that is held back now: queues, then tasks."""
    return [*QueueControl.objects.filter(paused=True), *TaskControl.objects.filter(paused=True)]


def run_once() -> int:
    """Resume what was paused for a while, once that is over; wake what tasks that go on again still hold.

    In small statements. Returns how many jobs were woken.
    """
    for model, subject in ((QueueControl, "queue"), (TaskControl, "task")):
        for name in model.objects.filter(**OVER).values_list("name", flat=True):
            _resume_if_over(model, subject, name)
    until = time.monotonic() + WAKE_FOR
    woken = more = lifecycle.wake_held(AT_ONCE)
    while more == AT_ONCE and time.monotonic() < until:
        more = lifecycle.wake_held(AT_ONCE)
        woken += more
    return woken


@transaction.atomic
def _resume_if_over(model: type[Control], subject: str, name: str) -> None:
    # Looked at again under its lock: who pauses it anew in this moment is not undone.
    if model._default_manager.select_for_update().filter(name=name, **OVER).first():
        resume(**{subject: name}, by=BY_TIME)


def _subject(queue: str, task: str, *, known_by_its_row: bool = False) -> tuple[type[Control], str]:
    if bool(queue) == bool(task):
        raise Refused("Say one queue or one task.", field="queue")
    if queue:
        return QueueControl, limits(QUEUE_ALIASES.get(queue, queue)).name
    if registry.find(task) or (known_by_its_row and TaskControl.objects.filter(name=storable(task)).exists()):
        return TaskControl, task
    raise UnknownTask(f"Unknown task {task[:150]!r}. Known: {', '.join(registry.names())}.", field="task")


@transaction.atomic
def _set(
    model: type[Control],
    name: str,
    *,
    paused: bool,
    until: datetime | None = None,
    by: str,
    reason: str,
    origin: str,
) -> Control:
    rows = model._default_manager
    rows.bulk_create([model(name=name)], ignore_conflicts=True)
    control = rows.select_for_update().get(pk=name)
    before = _state(control)
    control.paused, control.reason, control.resume_at = paused, clean(reason)[:300], until
    after = _state(control)
    if before != after:
        control.by = storable(by)[:150]
        control.save()
        verb = "pause" if paused else "resume"
        kind = "queue" if model is QueueControl else "task"
        audit.record(verb, f"{kind} {name}", by=by, reason=reason, origin=origin, before=before, after=after)
    return control


def _state(control: Control) -> dict[str, object]:
    until = {"resume_at": control.resume_at.isoformat()} if control.resume_at else {}
    return {"paused": control.paused, "reason": control.reason, **until}
