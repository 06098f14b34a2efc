"""Holding what cannot go on until something outside changes, and letting it go on. A task says so: `errors.Held`."""

from __future__ import annotations

import time

from jobs import lifecycle

AT_ONCE = 500  # rows of one statement
WAKE_FOR = 0.2  # seconds that one round of the dispatcher spends on it


def hold(key: str, reason: str) -> bool:
    """Let jobs that answer `Held(key)` wait from now on. Returns whether they did not before."""
    return lifecycle.hold(key, reason)


def release(key: str) -> bool:
    """Let everything go on that was held under a key, with this transaction. Returns whether anything was.

    The first jobs are due at once; where there are many, the dispatcher wakes the rest.
    """
    released = lifecycle.release_hold(key)
    lifecycle.wake_released(AT_ONCE)
    return released


def run_once() -> int:
    """Wake what released holds still hold, in small statements. Returns how many jobs."""
    until = time.monotonic() + WAKE_FOR
    woken = more = lifecycle.wake_released(AT_ONCE)
    while more == AT_ONCE and time.monotonic() < until:
        more = lifecycle.wake_released(AT_ONCE)
        woken += more
    return woken
