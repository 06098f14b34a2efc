"""What a worker does when it is told to run more or fewer jobs at once: in its main loop, like all of that kind."""

from __future__ import annotations

from typing import Any

import structlog
from celery.worker import control

AGAIN = 1.0  # seconds after which it is tried again to end processes that were all at work

log = structlog.stdlib.get_logger("jobs")

_wanted = 0  # the newest wish: an older one that still waits is given up


@control.control_command(name="set_slots", args=[("slots", int)], signature="slots")
def set_slots(state: Any, slots: int, **_: Any) -> dict[str, str]:
    """Run so many jobs at once from now on. Said twice it changes nothing, unlike pool_grow."""
    global _wanted
    pool = state.consumer.pool
    if not hasattr(pool, "shrink"):
        return {"error": "this pool does not change its slots"}
    _wanted = slots
    _approach(state, slots)
    return {"ok": f"{pool.num_processes} slots"}


def _approach(state: Any, slots: int) -> None:
    """Processes at work are not ended: those that become free are, a while later."""
    if slots != _wanted:
        return
    pool = state.consumer.pool
    before = pool.num_processes
    if slots > before:
        pool.grow(slots - before)
    elif slots < before:
        try:
            pool.shrink(before - slots)
        except ValueError:  # billiard's word for "the others are all busy"
            log.info("slots go once they are free", action="slots_busy", slots=slots, now=pool.num_processes)
            state.consumer.timer.call_after(AGAIN, _approach, (state, slots))
    if pool.num_processes != before:
        # Celery's own way to tell how many messages to take at a time.
        state.consumer._update_prefetch_count(pool.num_processes - before)
