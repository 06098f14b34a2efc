"""Providers whose limit moves, and workers that use all they may: simulated, so that an hour takes a second."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from email_automation.quota.controller import CHUNK, PATIENCE, SPREAD, at_once
from email_automation.quota.pacing import Pace

Limit = Callable[[float], float]  # units a minute, at a time
GET = 20  # units
LATENCY = 0.1  # seconds


class Provider(Protocol):
    @property
    def limit(self) -> Limit: ...

    def ask(self, at: float, units: float) -> tuple[bool, float | None]:
        """Whether it answers, and where it does not, its Retry-After."""
        ...


@dataclass
class Bucket:
    """Fills evenly and holds so many seconds' worth."""

    limit: Limit
    seconds: float
    level: float = 0.0
    at: float = 0.0

    def ask(self, at: float, units: float) -> tuple[bool, float | None]:
        rate = self.limit(at) / 60
        self.level = min(rate * self.seconds, self.level + (at - self.at) * rate)
        self.at = at
        if self.level < units:
            return False, None
        self.level -= units
        return True, None


@dataclass
class Minutes:
    """So many units in each minute of the clock; says when the next one begins."""

    limit: Limit
    minute: int = -1
    used: float = 0.0

    def ask(self, at: float, units: float) -> tuple[bool, float | None]:
        if int(at // 60) != self.minute:
            self.minute, self.used = int(at // 60), 0.0
        if self.used + units > self.limit(at):
            return False, (self.minute + 1) * 60 - at
        self.used += units
        return True, None


@dataclass
class Window:
    """So many seconds' worth in any so many seconds, without a word of when to come back."""

    limit: Limit
    seconds: float
    used: float = 0.0
    answered: deque[tuple[float, float]] = field(default_factory=deque)

    def ask(self, at: float, units: float) -> tuple[bool, float | None]:
        while self.answered and self.answered[0][0] < at - self.seconds:
            self.used -= self.answered.popleft()[1]
        if self.used + units > self.limit(at) / 60 * self.seconds:
            return False, None
        self.answered.append((at, units))
        self.used += units
        return True, None


@dataclass(frozen=True)
class Outcome:
    used: float  # of what was allowed
    refused: float  # of all calls
    calls: int


def steps(*limits: float, every: float) -> Limit:
    return lambda at: limits[int(at // every) % len(limits)]


def simulate(
    provider: Provider,
    seconds: int,
    *,
    begin: float = 4_800,
    most: float = 15_000,
    workers: int = 8,
    ahead: int = 1,
    latency: tuple[float, float] = (LATENCY, LATENCY),
) -> Outcome:
    """Workers that ask again at once, each with so many calls under way."""
    return _Simulation(provider, Pace.starting(begin, 0.0), most, ahead, latency).run(seconds, workers)


@dataclass(eq=False)
class _Worker:
    """A process that has taken units for a moment, as `quota.reserve` does."""

    units: float = 0.0
    until: float = 0.0
    under_way: int = 0
    told_at: float = -1.0


@dataclass
class _Simulation:
    """Workers share one pace as `quota.reserve` and `quota.learned` let them."""

    provider: Provider
    pace: Pace
    most: float
    ahead: int
    latency: tuple[float, float]
    answered: float = 0.0
    calls: int = 0
    refused: int = 0

    def run(self, seconds: int, workers: int) -> Outcome:
        self._chance = random.Random(1)
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = []
        for _ in range(workers):
            self._then(0.0, self._want, _Worker())
        while self._events[0][0] < seconds:
            now, _, what, told = heapq.heappop(self._events)
            what(now, *told)
        allowed = sum(self.provider.limit(second) for second in range(seconds)) / 60
        return Outcome(self.answered / allowed, self.refused / self.calls, self.calls)

    def _then(self, at: float, what: Callable[..., None], *told: object) -> None:
        heapq.heappush(self._events, (at, next(self._order), what, told))

    def _want(self, now: float, worker: _Worker) -> None:
        if worker.units >= GET and now <= worker.until:
            worker.units -= GET
            self._send(now, worker)
        elif (wait := self.pace.wait(now)) > PATIENCE:
            self._then(now + wait * (1 + self._chance.random() * SPREAD), self._want, worker)
        else:
            chunk = at_once(GET, self.pace.rate)
            self._then(now + wait, self._have, worker, chunk, self.pace.refusals if wait else None)
            self.pace = self.pace.taken(chunk, now, self.most)

    def _have(self, now: float, worker: _Worker, units: float, refusals: int | None) -> None:
        if refusals not in (None, self.pace.refusals):
            self._want(now, worker)  # there was a refusal while it waited
            return
        kept = worker.units if now <= worker.until else 0.0
        worker.units, worker.until = kept + units - GET, now + 2 * CHUNK
        self._send(now, worker)

    def _send(self, now: float, worker: _Worker) -> None:
        self.calls += 1
        worker.under_way += 1
        there = now + self._chance.uniform(*self.latency) / 2
        self._then(there, self._arrive, worker, now)
        if worker.under_way < self.ahead:
            self._then(now, self._want, worker)

    def _arrive(self, now: float, worker: _Worker, sent: float) -> None:
        self._then(2 * now - sent, self._answer, worker, sent, *self.provider.ask(now, GET))

    def _answer(self, now: float, worker: _Worker, sent: float, answers: bool, retry_after: float | None) -> None:
        if answers:
            self.answered += GET
        else:
            self.refused += 1
            if sent > worker.told_at:  # else it was under way when the worker learned of the first
                self.pace = self.pace.refused(now, retry_after)
                worker.units, worker.told_at = 0.0, now
        worker.under_way -= 1
        if worker.under_way == self.ahead - 1:
            self._want(now, worker)
