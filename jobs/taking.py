"""What a worker's parent knows of itself: since when it could have begun a job, and has not.

Idle, or stuck? It cannot tell; `jobs.health` compares it with the other workers of its queues.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Any, Protocol

from celery import signals
from celery.worker import state


class Request(Protocol):
    id: str


class Taking:
    """Asked at each beat. Times are the monotonic clock's."""

    def __init__(self, slots: Callable[[], int]) -> None:
        self._slots = slots
        self._free_since: float | None = None
        self._took = time.monotonic()
        self._unbegun: dict[str, float] = {}  # messages that it took and no process has begun, since when
        signals.task_received.connect(self._on_received, weak=False, dispatch_uid="jobs.taking")

    def idle_for(self) -> float | None:
        """Seconds; None while all its slots are at work."""
        return self._idle_for(list(state.reserved_requests), {one.id for one in list(state.active_requests)})

    def _idle_for(self, taken: Collection[Request], begun: Collection[str]) -> float | None:
        now = time.monotonic()
        unbegun = {one.id for one in taken} - set(begun)
        self._unbegun = {name: self._unbegun.get(name, now) for name in unbegun}
        is_free = len(taken) < self._slots()
        self._free_since = (self._free_since or now) if is_free else None
        if self._unbegun:
            return now - min(self._unbegun.values())
        return now - max(self._took, self._free_since) if self._free_since else None

    def _on_received(self, **_: Any) -> None:
        self._took = time.monotonic()
