"""What runs in a drill. A task's effect is a line in a file outside; the pauses widen the windows that faults hit."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from django.db import connection

from jobs import context, effects, errors
from jobs.drill import outside
from jobs.effects import Doubt, Receipt
from jobs.models import Effect
from jobs.queues import ai_queue, crm_queue, email_queue

EFFECT_TAKES = 2.0  # seconds, at most
ENDLESS = 1000  # retries: only faults end attempts here, and they are not the job's


@email_queue.task(name="drill_send", effects=True, max_retries=ENDLESS, soft_time_limit=8, time_limit=10)
def send(key: str, pause: float) -> None:
    """One effect that can be looked up afterwards."""
    _line(key, pause, look_up)


@email_queue.task(name="drill_send_blind", effects=True, max_retries=ENDLESS, soft_time_limit=8, time_limit=10)
def send_blind(key: str, pause: float) -> None:
    """One effect of which nobody can be asked whether it happened."""
    _line(key, pause, lambda _: Doubt.CANNOT_KNOW)


@ai_queue.task(name="drill_slow", effects=True, max_retries=ENDLESS, soft_time_limit=8, time_limit=10)
def slow(key: str, seconds: float, pause: float) -> None:
    """Works a while and says how far it is, then one effect."""
    for step in range(10):
        context.progress(step, 10, "working")
        _wait(seconds / 10)
    _line(key, pause, look_up)


@ai_queue.task(name="drill_flaky", effects=True, max_retries=ENDLESS, soft_time_limit=8, time_limit=10)
def flaky(key: str, pause: float) -> None:
    """Its first run fails."""
    running = context.current()
    if running is not None and running.attempt == 1:
        raise ConnectionError("the first run was to fail")
    _line(key, pause, look_up)


@ai_queue.task(name="drill_slices", effects=True, max_retries=ENDLESS, soft_time_limit=8, time_limit=10)
def slices(key: str, pause: float) -> None:
    """Three slices of one job, the last with an effect."""
    running = context.current()
    if running is not None and running.attempt < 3:
        raise errors.Snooze(0.2, "next slice")
    _line(key, pause, look_up)


@crm_queue.task(name="drill_write", atomic=True, max_retries=ENDLESS, soft_time_limit=8, time_limit=10)
def write(key: str, pause: float) -> None:
    """A row in the same transaction as its settling."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO drill_row (key) VALUES (%s)", [key])
    _wait(pause)


@crm_queue.task(name="drill_quick", max_retries=ENDLESS, soft_time_limit=8, time_limit=10)
def quick(key: str, pause: float) -> str:
    """No effect: may run again, is settled in groups, and runs in the enqueuer while the broker is away."""
    _wait(pause)
    return key


@crm_queue.task(name="drill_refused", max_retries=ENDLESS, soft_time_limit=8, time_limit=10)
def refused(key: str, pause: float) -> None:
    """An error that no retry can mend."""
    _wait(pause)
    raise errors.Fail("it was to fail", code="TO_FAIL")


def look_up(effect: Effect) -> Receipt | Doubt:
    """Asks the file outside, as one would ask a provider."""
    key = effect.key.partition(":")[2]
    return Receipt(provider_id=key) if outside.has(effects_file(), key) else Doubt.SURELY_NOT


def effects_file() -> Path:
    return Path(os.environ["DRILL_FOLDER"]) / outside.EFFECTS


def _line(key: str, pause: float, resolve: Callable[[Effect], Receipt | Doubt]) -> None:
    def do() -> Receipt:
        _wait(pause)  # connecting, say
        context.check_cancel()  # the last question before what cannot be taken back
        outside.add(effects_file(), key=key, pid=os.getpid())
        _wait(pause)  # until the answer comes
        return Receipt(provider_id=key)

    effects.once(f"line:{key}", kind="line", do=do, resolve=resolve, seconds=EFFECT_TAKES)


def _wait(seconds: float) -> None:
    threading.Event().wait(seconds)
