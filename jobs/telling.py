"""What a worker tells those who watch it (Flower). A broker that is gone must not keep it from working or stopping.

Celery's own dispatcher retries a heartbeat for ever while it holds the lock that stopping needs.
"""

from __future__ import annotations

from typing import Any

from celery.app.events import Events
from celery.events.dispatcher import EventDispatcher
from celery.worker import state


class LedgerEvents(Events):
    dispatcher_cls = "jobs.telling:Teller"


class Teller(EventDispatcher):
    """Tries once. What was not taken is kept for the next connection; of a worker that stops it is dropped."""

    _gave_up = False

    def _publish(self, event: Any, producer: Any, routing_key: str, retry: bool = False, **options: Any) -> None:
        if self._gave_up:
            return
        kept = len(self._outbound_buffer)
        super()._publish(event, producer, routing_key, retry=False, **options)
        self._gave_up = len(self._outbound_buffer) > kept and _is_stopping()


def _is_stopping() -> bool:
    asked: list[Any] = [state.should_stop, state.should_terminate]  # None, False, or an exit code
    return any(one is not None and one is not False for one in asked)
