"""What the drill's Gmail allows: it moves, and only refusals tell of it."""

from __future__ import annotations

from dataclasses import dataclass

CALLS_A_SECOND = (70.0, 45.0)  # one after the other
EVERY = 20.0  # seconds each
BURST = 2.0  # seconds' worth that may be asked for at once
UNITS = 25  # of quota for each call: about what they cost at Google, so that the sender's pace moves as quickly


@dataclass
class Allowance:
    """Calls that may be made now: it fills evenly."""

    since: float
    left: float = BURST * CALLS_A_SECOND[0]
    at: float = 0.0

    def takes(self, now: float) -> bool:
        """Whether one more call is allowed."""
        rate = CALLS_A_SECOND[int((now - self.since) // EVERY) % len(CALLS_A_SECOND)]
        self.left = min(BURST * rate, self.left + (now - max(self.at, self.since)) * rate)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True
