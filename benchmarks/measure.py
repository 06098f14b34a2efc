"""What is measured of a queue in one round."""

from __future__ import annotations

import random
import statistics
import time
from dataclasses import dataclass, field

from benchmarks import marks
from benchmarks.queue import Queue
from benchmarks.servers import Counter, Counts

PINGS = 40
SETTLE = 0.7  # seconds of quiet before the first ping


@dataclass
class Drain:
    """Running a backlog with two processes."""

    per_second: float
    boot: float  # seconds from starting the worker to the first job
    cpu_ms: dict[str, float]  # a job, by program
    pickup_ms: list[float] = field(default_factory=list)
    counts: Counts | None = None


def enqueue(queue: Queue, jobs: int) -> float:
    """Jobs a second, one by one, each in its own transaction and each finding room in the broker."""
    queue.clear()
    return float(jobs / queue.ask("enqueue", jobs=jobs))


def enqueue_backlog(queue: Queue, jobs: int) -> float:
    """Jobs a second, one by one, while nobody works."""
    queue.clear()
    return float(jobs / queue.ask("enqueue_backlog", jobs=jobs))


def enqueue_many(queue: Queue, jobs: int) -> float:
    """Jobs a second, by the bulk call or the loop that stands in for it."""
    queue.clear()
    return float(jobs / queue.ask("enqueue_many", jobs=jobs))


def enqueue_counts(queue: Queue, jobs: int) -> Counts:
    """What so many single enqueues ask of the servers."""
    queue.clear()
    queue.ask("enqueue", jobs=1)  # connections and scripts are there
    counter = Counter(queue.servers)
    queue.ask("enqueue", jobs=jobs)
    return counter.read()


def drain(queue: Queue, jobs: int, *, events: bool = False, pings: int = PINGS) -> Drain:
    """Run a backlog that was there before the worker, then, when idle, single jobs."""
    queue.clear()
    queue.ask("enqueue_many", jobs=jobs)
    counter = Counter(queue.servers)
    began = time.monotonic_ns()
    with queue.workers(events=events) as workers:
        first = _first(queue)
        cpu = workers.cpu()
        ended = queue.wait_until_done(jobs)
        spent = workers.cpu()
        counts = counter.read()
        seconds = (ended - first) / 1e9
        return Drain(
            per_second=jobs / seconds,
            boot=(first - began) / 1e9,
            cpu_ms={name: 1000 * (spent[name] - cpu[name]) / jobs for name in cpu},
            pickup_ms=_ping(queue, jobs, pings),
            counts=counts,
        )


def median(values: list[float]) -> float:
    return statistics.median(values)


def _first(queue: Queue) -> int:
    deadline = time.monotonic() + 60
    while not marks.count(queue.marks):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{queue.subject.module} started no job:\n{(queue.folder / 'log').read_text()[-3000:]}")
        time.sleep(0.002)
    return marks.read(queue.marks)[0][1]


def _ping(queue: Queue, done: int, pings: int) -> list[float]:
    """Milliseconds from asking to running, for single jobs that find the worker idle."""
    chance = random.Random(1)
    time.sleep(SETTLE)
    asked = {}
    for number in range(done, done + pings):
        asked[number] = queue.ask("ping", number=number)
        time.sleep(chance.uniform(0.02, 0.06))
    queue.wait_until_done(done + pings)
    return [(at - asked[number]) / 1e6 for number, at in marks.read(queue.marks) if number in asked]
