"""What a worker tells those who watch it (Flower). A broker that is gone must not keep it from working or stopping.

Celery's own dispatcher retries a heartbeat for ever while it holds the lock that stopping needs.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from celery.app.events import Events
from celery.events.dispatcher import EventDispatcher
from celery.worker import state

BEGINNINGS = ("task-received", "task-started")
HELD_FOR = 1.0  # seconds; the next heartbeat after them tells

Held = list[tuple[str, dict[str, Any]]]


class LedgerEvents(Events):
    dispatcher_cls = "jobs.telling:Teller"


class Teller(EventDispatcher):
    """Tries once. What was not taken is kept for the next connection; of a worker that stops it is dropped.

    Says that a task begins once it goes on for a while, or ends: a doorbell that finds nothing to claim is no task.
    """

    _gave_up = False

    def __init__(self, *args: Any, **options: Any) -> None:
        self._held: dict[str, Held] = {}
        self._held_lock = threading.Lock()
        super().__init__(*args, **options)

    def send(self, type: str, **fields: Any) -> None:  # type: ignore[override]  # noqa: A002 - Celery's name
        """Send an event, or hold it back."""
        if type in BEGINNINGS and "uuid" in fields:
            with self._held_lock:
                self._held.setdefault(fields["uuid"], []).append((type, {"timestamp": time.time(), **fields}))
            return
        self._tell(self._take(fields["uuid"]) if "uuid" in fields else self._take_old())
        super().send(type, **fields)

    def forget(self, uuid: str) -> None:
        """Say nothing of this doorbell."""
        self._take(uuid)

    def _tell(self, held: Held) -> None:
        for type, fields in held:  # noqa: A001
            super().send(type, **fields)

    def _take(self, uuid: str) -> Held:
        with self._held_lock:
            return self._held.pop(uuid, [])

    def _take_old(self) -> Held:
        before = time.time() - HELD_FOR
        with self._held_lock:
            old = [uuid for uuid, held in self._held.items() if held[0][1]["timestamp"] < before]
            return [event for uuid in old for event in self._held.pop(uuid)]

    def _publish(self, event: Any, producer: Any, routing_key: str, retry: bool = False, **options: Any) -> None:
        if self._gave_up:
            return
        kept = len(self._outbound_buffer)
        super()._publish(event, producer, routing_key, retry=False, **options)
        self._gave_up = len(self._outbound_buffer) > kept and _is_stopping()


def _is_stopping() -> bool:
    asked: list[Any] = [state.should_stop, state.should_terminate]  # None, False, or an exit code
    return any(one is not None and one is not False for one in asked)
