"""The timers of time limits that have done their duty: each job leaves one in its worker's parent.

kombu keeps a cancelled timer until its time would have come: five minutes for a job of 20 ms that may run for five
minutes. At half a KiB each a busy worker holds megabytes of them, and sorts each new one in among them.
"""

from __future__ import annotations

import heapq
from typing import Any

from celery import bootsteps
from celery.worker.consumer.tasks import Tasks
from kombu.asynchronous.timer import Entry, Timer

EVERY = 5.0  # seconds


class Timers(bootsteps.StartStopStep):
    """Sweeps while the worker consumes. Pools without a parent keep no such timers, and have no event loop."""

    requires = (Tasks,)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._sweeping: Entry | None = None

    def start(self, parent: Any) -> None:
        if parent.hub:
            self._sweeping = parent.hub.call_repeatedly(EVERY, sweep, parent.hub.timer)

    def stop(self, parent: Any) -> None:
        if self._sweeping:
            self._sweeping.cancel()
            self._sweeping = None


def sweep(timer: Timer) -> int:
    """Drop what is cancelled. Returns how many are left."""
    queue = timer._queue
    queue[:] = [waiting for waiting in queue if not waiting.entry.canceled]  # the event loop holds this very list
    heapq.heapify(queue)
    return len(queue)
