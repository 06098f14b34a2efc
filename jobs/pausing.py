"""Holding back a queue or a task, and letting it go on. Every claim asks; so it holds for every worker, at once.

What was rung already stays waiting, since its claim finds nothing; what runs finishes.
"""

from __future__ import annotations

import time

from django.db import transaction
from django.db.models import Q

from jobs import audit, lifecycle, registry
from jobs.errors import Refused, UnknownTask
from jobs.models import QueueControl, TaskControl
from jobs.models.control import Control
from jobs.queues import QUEUE_ALIASES, limits
from jobs.reports import clean, storable

AT_ONCE = 500  # rows of one statement
WAKE_FOR = 0.2  # seconds that one round of the dispatcher spends on it


def pause(*, queue: str = "", task: str = "", by: str, reason: str = "", origin: str = "") -> Control:
    """Hold back the jobs of a queue or of a task until it is resumed; those that run finish.

    Pausing it again changes the reason. Who and why is recorded.

    Raises:
        UnknownQueue, UnknownTask: naming those that there are.
        Refused: not exactly one of queue and task is given.
    """
    model, name = _subject(queue, task)
    return _set(model, name, paused=True, by=by, reason=reason, origin=origin)


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
    """Wake what tasks that go on again still hold, in small statements. Returns how many jobs."""
    until = time.monotonic() + WAKE_FOR
    woken = more = lifecycle.wake_held(AT_ONCE)
    while more == AT_ONCE and time.monotonic() < until:
        more = lifecycle.wake_held(AT_ONCE)
        woken += more
    return woken


def _subject(queue: str, task: str, *, known_by_its_row: bool = False) -> tuple[type[Control], str]:
    if bool(queue) == bool(task):
        raise Refused("Say one queue or one task.", field="queue")
    if queue:
        return QueueControl, limits(QUEUE_ALIASES.get(queue, queue)).name
    if registry.find(task) or (known_by_its_row and TaskControl.objects.filter(name=storable(task)).exists()):
        return TaskControl, task
    raise UnknownTask(f"Unknown task {task[:150]!r}. Known: {', '.join(registry.names())}.", field="task")


@transaction.atomic
def _set(model: type[Control], name: str, *, paused: bool, by: str, reason: str, origin: str) -> Control:
    rows = model._default_manager
    rows.bulk_create([model(name=name)], ignore_conflicts=True)
    control = rows.select_for_update().get(pk=name)
    before = _state(control)
    control.paused, control.reason = paused, clean(reason)[:300]
    after = _state(control)
    if before != after:
        control.by = storable(by)[:150]
        control.save()
        verb = "pause" if paused else "resume"
        kind = "queue" if model is QueueControl else "task"
        audit.record(verb, f"{kind} {name}", by=by, reason=reason, origin=origin, before=before, after=after)
    return control


def _state(control: Control) -> dict[str, object]:
    return {"paused": control.paused, "reason": control.reason}
