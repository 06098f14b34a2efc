"""Ours beside the others: interleaved rounds of one run, so that what the machine does meanwhile hits all alike."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import measure
from benchmarks.measure import Drain
from benchmarks.queue import Queue, Subject
from benchmarks.servers import Counts, servers

OURS = Subject("fikiri", drain=2500, bulk=True, ours=True)
CELERY = Subject("celery_plain", drain=2500)
DOCUMENTED = Subject("celery_django_results", drain=400)
ANCHORS = (OURS, CELERY, DOCUMENTED)
OTHERS = (
    Subject("celery_django_kept", drain=700),
    Subject("rq", drain=250, bulk=True),
    Subject("huey", drain=6000),
    Subject("dramatiq", drain=1500),
    Subject("procrastinate", drain=900, bulk=True),
    Subject("django_tasks_db", drain=600),
)
ENQUEUES = 600  # in one round
BLOCKS = 12  # short ones: what else the machine does comes in bursts, which hit few of them
BACKLOG = 300
BULK = 5_000
LOOP = 1_500  # enough where the bulk call is a loop

Say = Callable[[str], None]


@dataclass
class Samples:
    """What was measured of one queue, a value for each round."""

    enqueue: list[float] = field(default_factory=list)
    commits: list[float] = field(default_factory=list)  # of PostgreSQL in the same minute, whatever the queue uses
    backlog: list[float] = field(default_factory=list)
    bulk: list[float] = field(default_factory=list)
    drains: list[Drain] = field(default_factory=list)
    drains_with_events: list[Drain] = field(default_factory=list)
    enqueue_counts: Counts | None = None

    @property
    def drain(self) -> list[float]:
        return [drain.per_second for drain in self.drains]

    @property
    def pickup(self) -> list[float]:
        """The median of each round, in milliseconds."""
        return [measure.median(drain.pickup_ms) for drain in self.drains]


def compare(subjects: Sequence[Subject], rounds: int, say: Say) -> dict[str, Samples]:
    """Measure them in turn, `rounds` times over. Takes about half a minute a round and queue."""
    samples = {subject.module: Samples() for subject in subjects}
    with ExitStack() as stack:
        both = stack.enter_context(servers())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fikiri-bench-")))
        queues = [stack.enter_context(Queue(subject, n, both, folder)) for n, subject in enumerate(subjects)]
        _warm_up(queues)
        for number in range(1, rounds + 1):
            say(f"round {number} of {rounds}: enqueueing")
            _enqueue(queues, samples)
            for queue in queues:
                _drain(queue, samples[queue.subject.module], say)
        for queue in queues:
            samples[queue.subject.module].enqueue_counts = measure.enqueue_counts(queue, BACKLOG)
    return samples


def _warm_up(queues: Sequence[Queue]) -> None:
    for queue in queues:
        measure.enqueue(queue, 60)


def _enqueue(queues: Sequence[Queue], samples: dict[str, Samples]) -> None:
    rates: dict[str, list[float]] = {queue.subject.module: [] for queue in queues}
    commits = []
    for _ in range(BLOCKS):
        commits.append(queues[0].servers.commits_per_second(ENQUEUES // BLOCKS))
        for queue in queues:
            rates[queue.subject.module].append(measure.enqueue(queue, ENQUEUES // BLOCKS))
    for queue in queues:
        mine = samples[queue.subject.module]
        mine.enqueue.append(measure.median(rates[queue.subject.module]))
        mine.commits.append(measure.median(commits))
        mine.backlog.append(measure.enqueue_backlog(queue, BACKLOG))
        mine.bulk.append(measure.enqueue_many(queue, BULK if queue.subject.bulk else LOOP))


def _drain(queue: Queue, mine: Samples, say: Say) -> None:
    drain = measure.drain(queue, queue.subject.drain)
    mine.drains.append(drain)
    say(f"  {queue.subject.module}: {drain.per_second:.0f} jobs/s, picked up in {mine.pickup[-1]:.1f} ms")
    if queue.subject in (OURS, CELERY):
        mine.drains_with_events.append(measure.drain(queue, queue.subject.drain, events=True, pings=0))
