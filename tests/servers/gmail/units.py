"""What an account may use in a minute, in Gmail's units, by the dear table of 2026."""

import time
from collections import deque
from dataclasses import dataclass, field
from threading import Lock

from tests.servers.gmail.faults import Refusal

COSTS = {
    "getProfile": 1,
    "history.list": 2,
    "labels.list": 1,
    "labels.create": 5,
    "messages.list": 5,
    "messages.get": 20,
    "messages.modify": 5,
    "messages.send": 100,
    "drafts.create": 10,
    "drafts.list": 5,
    "drafts.get": 20,
    "drafts.delete": 10,
    "drafts.send": 100,
    "watch": 100,
    "stop": 50,
}


@dataclass
class Allowance:
    """So many units a minute, used at an even pace with bursts of `burst` seconds; None: as many as one likes."""

    per_minute: float | None = None
    burst: float = 2.0
    reason: str = "userRateLimitExceeded"
    used: int = 0
    refused: int = 0
    _taken: deque[tuple[float, int]] = field(default_factory=deque)
    _lock: Lock = field(default_factory=Lock)

    def take(self, call: str) -> None:
        cost, now = COSTS[call], time.monotonic()
        with self._lock:
            while self._taken and self._taken[0][0] < now - self.burst:
                self._taken.popleft()
            if self.per_minute is not None and self._recent() + cost > self.per_minute / 60 * self.burst:
                self.refused += 1
                raise Refusal(403, self.reason, "Quota exceeded for quota metric 'Queries'")
            self._taken.append((now, cost))
            self.used += cost

    def _recent(self) -> int:
        return sum(cost for _, cost in self._taken)
