"""The drill's enqueuer: `python -m jobs.drill.stream JOBS SEED SECONDS STARTED`, started again whenever it is killed.

A job is accepted when its id has been returned and the fact lies on the disk. An error means nothing: the same key is
asked for again, as a client of an API would.
"""

from __future__ import annotations

import heapq
import os
import sys
import time
from pathlib import Path
from threading import Event

import django
import structlog
from django.db import DatabaseError, InterfaceError, connection

from jobs.drill import outside
from jobs.drill.wishes import Wish, timed

PAUSE = 0.2  # seconds between tries while the database is away

log = structlog.get_logger("drill")


class Enqueuer:
    def __init__(self, folder: Path) -> None:
        self.accepted = folder / outside.ACCEPTED
        self.answered = folder / "cancelled"
        self._done = set(outside.counts(self.accepted))
        self._to_cancel: list[tuple[float, str]] = []
        self._pause = Event()

    def run(self, jobs: int, seed: int, seconds: float, started: float) -> None:
        """Enqueue all that is not accepted yet, spread over the time from `started` on (seconds since 1970)."""
        asked_before = set(outside.counts(self.answered))
        for at, group in timed(seed, jobs, seconds):
            due = started + at
            self._cancel_until(due)
            if not {wish.key for wish in group} <= self._done:
                self._accept(group)
            for wish in group:
                if wish.cancel_after is not None and wish.key not in asked_before:
                    heapq.heappush(self._to_cancel, (due + wish.cancel_after, wish.key))
        self._cancel_until(float("inf"))

    def _accept(self, group: list[Wish]) -> None:
        while True:
            before = time.monotonic()
            try:
                self._enqueue(group)
            except (DatabaseError, InterfaceError) as error:
                log.warning("asked again", error=type(error).__name__)
                connection.close()
                self._pause.wait(PAUSE)
            else:
                took = time.monotonic() - before
                break
        for index, wish in enumerate(group):
            last = index == len(group) - 1
            outside.add(self.accepted, durable=last, key=wish.key, task=wish.task, took=round(took, 4), at=time.time())

    def _enqueue(self, group: list[Wish]) -> None:
        from jobs import services

        first = group[0]
        if len(group) > 1:
            services.enqueue_many(first.task, [wish.arguments for wish in group], keys=[wish.key for wish in group])
        else:
            services.enqueue(first.task, first.arguments, key=first.key, priority=first.priority, delay=first.delay)

    def _cancel_until(self, moment: float) -> None:
        """Cancel what is due by then, and wait for then."""
        while self._to_cancel and self._to_cancel[0][0] <= moment:
            due, key = heapq.heappop(self._to_cancel)
            self._wait_until(due)
            self._cancel(key)
        if moment != float("inf"):
            self._wait_until(moment)

    def _cancel(self, key: str) -> None:
        from jobs import services
        from jobs.errors import WrongState

        while True:
            try:
                answer = "done" if services.cancel(key, by="drill").done else "asked"
            except WrongState:
                answer = "too late"
            except (DatabaseError, InterfaceError):
                connection.close()
                self._pause.wait(PAUSE)
                continue
            return outside.add(self.answered, durable=True, key=key, answer=answer, at=time.time())

    def _wait_until(self, moment: float) -> None:
        self._pause.wait(max(0.0, moment - time.time()))


def main() -> None:
    jobs, seed, seconds, started = sys.argv[1:]
    django.setup()
    from jobs import fallback

    fallback.allow()  # it stands for a web server
    Enqueuer(Path(os.environ["DRILL_FOLDER"])).run(int(jobs), int(seed), float(seconds), float(started))


if __name__ == "__main__":
    main()
