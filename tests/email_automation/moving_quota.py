"""Providers whose limit moves, and workers that use all they may: simulated, so that an hour takes a second."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from email_automation.quota.pacing import Pace

Limit = Callable[[float], float]  # units a minute, at a time
GET = 20  # units
LATENCY = 0.1  # seconds
PATIENCE = 5.0
SPREAD = 0.2


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
class LastMinute:
    """So many units in any sixty seconds, without a word of when to come back."""

    limit: Limit
    answered: list[tuple[float, float]] = field(default_factory=list)

    def ask(self, at: float, units: float) -> tuple[bool, float | None]:
        self.answered = [one for one in self.answered if one[0] > at - 60]
        if sum(each for _, each in self.answered) + units > self.limit(at):
            return False, None
        self.answered.append((at, units))
        return True, None


@dataclass(frozen=True)
class Outcome:
    used: float  # of what was allowed
    refused: float  # of all calls
    calls: int


def steps(*limits: float, every: float) -> Limit:
    return lambda at: limits[int(at // every) % len(limits)]


def simulate(
    provider: Provider, seconds: int, *, begin: float = 4_800, most: float = 15_000, workers: int = 8
) -> Outcome:
    """Workers that share one pace and ask again at once, as `quota.reserve` and `quota.learned` let them."""
    chance = random.Random(1)
    pace = Pace.starting(begin, 0.0)
    order = itertools.count()
    events: list[tuple[float, int, str, object]] = [(0.0, next(order), "want", None) for _ in range(workers)]
    answered = calls = refused = 0

    def then(at: float, what: str, with_: object = None) -> None:
        heapq.heappush(events, (at, next(order), what, with_))

    while events[0][0] < seconds:
        now, _, what, told = heapq.heappop(events)
        if what == "want":
            wait = pace.wait(now)
            if wait > PATIENCE:
                then(now + wait * (1 + chance.random() * SPREAD), "want")
                continue
            then(now + wait, "send", pace.refusals if wait else None)
            pace = pace.taken(GET, now, most)
        elif what == "send" and told not in (None, pace.refusals):
            then(now, "want")  # there was a refusal while it waited
        elif what == "send":
            calls += 1
            then(now + LATENCY, "answer", provider.ask(now + LATENCY / 2, GET))
        else:
            assert isinstance(told, tuple)
            if told[0]:
                answered += GET
            else:
                refused += 1
                pace = pace.refused(now, told[1])
            then(now, "want")
    allowed = sum(provider.limit(second) for second in range(seconds)) / 60
    return Outcome(answered / allowed, refused / calls, calls)
