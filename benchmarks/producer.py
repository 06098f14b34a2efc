"""A process that enqueues on one queue, told what to do by lines of JSON. `python -m benchmarks.producer NAME`."""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Sequence
from typing import Any, Protocol

ROOM = 50  # enqueues between two calls of make_room


class Peer(Protocol):
    """What the harness needs of a queue. Optional too: `make_room()`, between timed stretches of enqueueing."""

    def setup(self) -> None:
        """Make its tables."""

    def clear(self) -> None:
        """Forget every job."""

    def enqueue_one(self, number: int) -> None:
        """One job in a transaction of its own."""

    def enqueue_many(self, numbers: Sequence[int]) -> None:
        """Many jobs by its fastest documented call; a loop where there is none."""

    def is_drained(self, jobs: int) -> bool:
        """Whether so many jobs have finished, results stored where it stores them."""

    def programs(self, events: bool) -> dict[str, list[str]]:
        """The commands that run jobs, two at a time, in the order of starting; `events` is Celery's task events."""


class Producer:
    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    def setup(self) -> None:
        self.peer.setup()

    def clear(self) -> None:
        self.peer.clear()

    def programs(self, events: bool) -> dict[str, list[str]]:
        return self.peer.programs(events)

    def is_drained(self, jobs: int) -> bool:
        return self.peer.is_drained(jobs)

    def enqueue(self, jobs: int) -> float:
        """Enqueue one by one. Returns seconds."""
        make_room = getattr(self.peer, "make_room", lambda: None)
        seconds = 0.0
        for start in range(0, jobs, ROOM):
            make_room()
            began = time.perf_counter()
            for number in range(start, min(start + ROOM, jobs)):
                self.peer.enqueue_one(number)
            seconds += time.perf_counter() - began
        return seconds

    def enqueue_backlog(self, jobs: int) -> float:
        """Enqueue one by one while nobody works. Returns seconds."""
        began = time.perf_counter()
        for number in range(jobs):
            self.peer.enqueue_one(number)
        return time.perf_counter() - began

    def enqueue_many(self, jobs: int) -> float:
        """Enqueue in bulk. Returns seconds."""
        began = time.perf_counter()
        self.peer.enqueue_many(range(jobs))
        return time.perf_counter() - began

    def ping(self, number: int) -> int:
        """Enqueue one job. Returns when that began, in nanoseconds of the clock of `marks`."""
        began = time.monotonic_ns()
        self.peer.enqueue_one(number)
        return began

    def delay(self, first: int, seconds: list[float]) -> list[int]:
        """Enqueue a job for each delay; only ours can. Returns when each is due, as `ping` does."""
        due = []
        for number, delay in enumerate(seconds, start=first):
            self.peer.delay_one(number, delay)  # type: ignore[attr-defined]
            due.append(time.monotonic_ns() + int(delay * 1e9))
        return due


def main(name: str) -> None:
    answers, sys.stdout = sys.stdout, sys.stderr  # what a library prints is no answer
    producer = Producer(importlib.import_module(f"benchmarks.peers.{name}").Peer())
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        answer = getattr(producer, asked.pop("do"))(**asked)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
