"""A drill from beginning to end: start, stream, break, mend, wait until all is settled, count."""

from __future__ import annotations

import heapq
import itertools
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event
from types import MappingProxyType

import psycopg
import redis

from jobs.drill import faults, outside, verdict
from jobs.drill.faults import Fault, NothingHit
from jobs.drill.scratch import Scratch
from jobs.drill.verdict import Verdict

WORKERS = 2
CHILDREN = 3  # of each worker
DISPATCHERS = 2
SECONDS_A_FAULT = 1.3
JOBS_A_SECOND = 15  # at most: what two busy cores do beside everything else
READY_WITHIN = 60.0  # seconds
LOOK_EVERY = 0.1
AGAIN_AFTER = 0.5  # seconds until a fault that hit nothing is tried again
TRIES = 10
STILL_FOR = 180.0  # seconds without a change after which what is not settled is given up: other work may hold us up
PLAIN_STILL_FOR = 45.0  # the same for plain Celery, which always loses some
NOT_FOR_PLAIN = ("junk messages",)  # they would stop its workers for good

Say = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    jobs: int
    faults: int
    seed: int
    vendor: str

    @property
    def seconds(self) -> float:
        """How long jobs are streamed and things are broken."""
        return max(self.faults * SECONDS_A_FAULT, self.jobs / JOBS_A_SECOND, 2)


@dataclass
class Outcome:
    verdict: Verdict
    faults: Counter[str]
    seconds: float
    evidence: str = ""


def ours(wanted: Wanted, say: Say) -> Outcome:
    """The drill. A folder with all logs is kept if something was lost or doubled."""
    with Scratch(wanted.vendor) as scratch:
        for number in range(WORKERS):
            scratch.worker(f"worker-{number}", "--concurrency", str(CHILDREN))
        for number in range(DISPATCHERS):
            scratch.dispatcher(f"dispatcher-{number}")
        run = Run(wanted, scratch, say)
        run.wait_until(run.workers_consume, READY_WITHIN)
        scratch.module("enqueuer", "jobs.drill.stream", *run.words(), once=True)
        run.stream(faults.plan(wanted.seed, wanted.faults, wanted.seconds, vendor=wanted.vendor))
        run.settle(run.unsettled)
        return run.outcome(verdict.of_ledger(scratch, run.last_fault))


def plain(wanted: Wanted, say: Say) -> Outcome:
    """The same jobs and faults with plain Celery. Faults of what it does not have hit nothing."""
    with Scratch(vendor=None) as scratch:
        for number in range(WORKERS):
            scratch.module(
                f"worker-{number}",
                *("celery", "-A", "jobs.drill.plain", "worker", "--queues=email,ai,crm", "--without-gossip"),
                *("--without-mingle", f"--hostname=worker-{number}@%h", f"--concurrency={CHILDREN}"),
            )
        run = Run(wanted, scratch, say)
        run.wait_until(run.workers_consume, READY_WITHIN)
        scratch.module("enqueuer", "jobs.drill.plain", *run.words(), once=True)
        plan = faults.plan(wanted.seed, wanted.faults, wanted.seconds, vendor=wanted.vendor)
        run.stream([fault for fault in plan if _plain_has(fault)])
        run.settle(lambda: len(verdict.of_effects(scratch).lost), PLAIN_STILL_FOR)
        return run.outcome(verdict.of_effects(scratch))


def _plain_has(fault: Fault) -> bool:
    return fault.kind not in NOT_FOR_PLAIN and not fault.kind.startswith(("dispatcher", "database"))


@dataclass
class Run:
    """One side of a drill under way."""

    wanted: Wanted
    scratch: Scratch
    say: Say
    hit: Counter[str] = field(default_factory=Counter)
    last_fault: float = 0  # seconds since 1970, its mending included
    _began: float = field(default_factory=time.monotonic)
    _pause: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self._streaming_from = 0.0

    def words(self) -> list[str]:
        """Arguments of the enqueuer, which starts now."""
        self._streaming_from = time.time()
        return [str(word) for word in (self.wanted.jobs, self.wanted.seed, self.wanted.seconds, self._streaming_from)]

    def stream(self, plan: list[Fault]) -> None:
        """Break things to plan while jobs stream in; mend each when its time is over. At the end all is well again."""
        order = itertools.count()
        todo: list[tuple[float, int, Callable[[], None]]] = []

        def at(moment: float, act: Callable[[], None]) -> None:
            heapq.heappush(todo, (moment, next(order), act))

        def strike(fault: Fault, tries: int = 1) -> None:
            try:
                mend = faults.inject(fault, self.scratch)
            except NothingHit:
                if tries < TRIES:
                    at(time.time() + AGAIN_AFTER, lambda: strike(fault, tries + 1))
                return
            self._note(fault)
            if mend:
                at(time.time() + fault.seconds, mend)

        for fault in plan:
            at(self._streaming_from + fault.at, lambda fault=fault: strike(fault))  # type: ignore[misc]
        while todo:
            moment, _, act = todo[0]
            if moment > time.time():
                self._look(min(LOOK_EVERY, moment - time.time()))
                continue
            heapq.heappop(todo)
            act()
            self.last_fault = time.time()
        self.scratch.broker.heal()

    def settle(self, left: Callable[[], int], still_for: float = STILL_FOR) -> None:
        """Wait until the enqueuer is done and nothing is left, or nothing has changed for long."""
        [enqueuer] = self.scratch.named("enqueuer")
        seen, since = -1, time.monotonic()
        while time.monotonic() - since < still_for:
            self._look(LOOK_EVERY * 5)
            now = (
                left() if enqueuer.is_done else -len(list(outside.entries(self.scratch.folder / outside.ACCEPTED))) - 2
            )
            if now == 0:
                return
            if now != seen:
                seen, since = now, time.monotonic()
        self.say(f"gave up: nothing has changed for {still_for:.0f} s")

    def unsettled(self) -> int:
        assert self.scratch.database is not None
        try:
            return verdict.unfinished(self.scratch.database)
        except (psycopg.OperationalError, sqlite3.OperationalError):
            return -1

    def workers_consume(self) -> bool:
        """Whether each worker waits at the broker for its queues."""
        try:
            with self.scratch.redis.client() as client:
                waiting = [one for one in client.client_list() if one["cmd"] == "brpop"]
        except redis.RedisError:  # held up by what else this machine does
            return False
        return len(waiting) >= len(self.scratch.named("worker"))

    def wait_until(self, condition: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                logs = "\n".join(f"{program.name}: {program.says()[-2000:]}" for program in self.scratch.programs)
                raise TimeoutError(f"The set-up was not ready after {seconds:.0f} s.\n{logs}")
            self._look(LOOK_EVERY)

    def outcome(self, found: Verdict, more: Mapping[str, int] = MappingProxyType({})) -> Outcome:
        """`more`: what else went wrong on purpose, and how often."""
        self.scratch.keep = not found.is_clean and self.scratch.database is not None
        evidence = str(self.scratch.folder) if self.scratch.keep else ""
        return Outcome(found, self.hit + Counter(more), round(time.monotonic() - self._began, 1), evidence)

    def _note(self, fault: Fault) -> None:
        self.hit[fault.kind] += 1
        self.say(f"{time.time() - self._streaming_from:6.1f} s  {fault.kind}")

    def _look(self, seconds: float) -> None:
        self.scratch.look_after()
        self._pause.wait(seconds)
