"""How fast to ask a provider whose limit is not known exactly and moves: the thinking, without a database.

Units are spaced evenly (GCRA). A refusal pauses everybody and sets the rate to a little below what got through; then
it rises as CUBIC's window does: fast at first, hardly at all around the rate that was refused, fast again beyond it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

MINUTE = 60.0
BURST = 1.0  # seconds whose units may go at once after a silence
EASE = 0.06  # of the rate is given up after a refusal
FLOOR = 0.4  # and at most all but this, after one refusal
PLATEAU_AFTER = 40.0  # seconds of full use until it is back at the rate that was refused
REMEMBERED = 60.0  # seconds before a refusal that count as "what got through"
SOON = 5.0  # seconds of a refusal after a pause that say: still much too fast
PAUSE = 1.0  # seconds, where the provider does not say; doubles while it goes on refusing
LONGEST_PAUSE = 60.0


@dataclass(frozen=True)
class Pace:
    """Where one controller stands. Times in seconds on one clock, rates in units a minute.

    `plateau`, `gain`, `probed`: the curve, and how many seconds of full use it has been followed.
    `free_at`: when the units after all that were taken may go.
    """

    rate: float
    plateau: float
    gain: float
    probed: float
    free_at: float
    taken_at: float
    paused_until: float = 0.0
    refusals: int = 0

    @classmethod
    def starting(cls, rate: float, now: float) -> Pace:
        """As is known of an account that was never refused: on the plateau, about to rise."""
        return cls(rate, rate, rate * EASE, PLATEAU_AFTER, now - BURST, now)

    def wait(self, now: float) -> float:
        """Seconds until the next units may go."""
        return max(0.0, self.free_at - now, self.paused_until - now)

    def taken(self, units: float, now: float, limit: float) -> Pace:
        """After these units were taken, to go after `wait`. It rises only where all that is allowed is wanted."""
        start = max(self.free_at, self.paused_until, now - BURST)
        in_full_use = start > now - BURST / 2 and now > self.paused_until
        probed = self.probed + (min(now - self.taken_at, SOON) if in_full_use else 0.0)
        rate = min(limit, self._curve(probed))
        return replace(self, rate=rate, probed=probed, free_at=start + units * MINUTE / rate, taken_at=now)

    def refused(self, now: float, retry_after: float | None) -> Pace:
        """After a refusal. Those of calls that were under way when the first one came change only the pause."""
        if now < self.paused_until:
            return replace(self, paused_until=max(self.paused_until, now + (retry_after or 0.0)))
        busy = min(now - self.paused_until, REMEMBERED)
        pause = max(retry_after or 0.0, self._own_pause(busy))
        kept = min(1 - EASE, max(FLOOR, busy / (busy + pause)))
        rate = self.rate * kept
        plateau = min(self.rate, rate / (1 - EASE))
        return replace(
            self,
            rate=rate,
            plateau=plateau,
            gain=plateau - rate,
            probed=0.0,
            paused_until=now + pause,
            refusals=self.refusals + 1,
        )

    def _own_pause(self, busy: float) -> float:
        return PAUSE

    def _curve(self, probed: float) -> float:
        return self.plateau + self.gain * ((probed - PLATEAU_AFTER) / PLATEAU_AFTER) ** 3
