"""How fast to ask a provider whose limit is not known exactly and moves: the thinking, without a database.

Units are spaced evenly (GCRA). A refusal pauses everybody and sets the rate to a little below what got through; then
it rises as CUBIC's window does: fast at first, hardly at all around the rate that was refused, fast again beyond it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

MINUTE = 60.0
BURST = 1.0  # seconds whose units may go at once after a silence
EASE = 0.06  # of the rate is given up after a refusal
FLOOR = 0.4  # and at most all but this
BELOW = 0.96  # of the rate that was refused is the plateau
RISE = 60.0  # seconds of full use until it is back there
PROBE = 25.0  # seconds beyond, in which it rises by what was given up; eight times that in twice as many
SLOW = 2_400.0  # units a minute below which it all takes longer: a refusal weighs more where calls are few
GAP = 5.0  # seconds without a wish for more do not count as full use
REMEMBERED = 60.0  # seconds before a refusal that count as what got through
SAME = 0.6  # seconds after a pause within which a refusal is the same one still: nothing got through
PAUSE = 2.0  # seconds, where the provider does not say
LONGER = 3.0  # times, while it is the same refusal
LONGEST_PAUSE = 30.0


@dataclass(frozen=True)
class Pace:
    """Where one controller stands. Times in seconds on one clock, rates in units a minute.

    `plateau`, `gain`, `probed`: the curve, and how many seconds of full use it has been followed.
    `free_at`: when the units after all that were taken may go. `pause`: the last one's length.
    """

    rate: float
    plateau: float
    gain: float
    probed: float
    free_at: float
    taken_at: float
    paused_until: float = 0.0
    pause: float = 0.0
    refusals: int = 0

    @classmethod
    def starting(cls, rate: float, now: float) -> Pace:
        """As is known of an account that was never refused: on the plateau, about to rise."""
        return cls(rate, rate, rate * EASE, RISE, now - BURST, now)

    def wait(self, now: float) -> float:
        """Seconds until the next units may go."""
        return max(0.0, self.free_at - now, self.paused_until - now)

    def taken(self, units: float, now: float, limit: float) -> Pace:
        """After these units were taken, to go after `wait`. It rises only while all that is allowed is wanted."""
        start = max(self.free_at, self.paused_until, now - BURST)
        in_full_use = start > now - BURST / 2 and now > self.paused_until
        passed = min(now - self.taken_at, GAP) * min(1.0, self.plateau / SLOW)
        probed = self.probed + (passed if in_full_use else 0.0)
        rate = min(limit, self._curve(probed))
        return replace(self, rate=rate, probed=probed, free_at=start + units * MINUTE / rate, taken_at=now)

    def refused(self, now: float, retry_after: float | None) -> Pace:
        """After a refusal. Those of calls that were under way when the first one came change only the pause.

        What was taken and has not gone is lost: whoever waits for it asks again.
        """
        if now < self.paused_until:
            until = max(self.paused_until, now + (retry_after or 0.0))
            return replace(self, paused_until=until, free_at=until)
        busy = min(now - self.paused_until, REMEMBERED)
        again = busy < SAME
        pause = max(retry_after or 0.0, min(LONGER * self.pause, LONGEST_PAUSE) if again else PAUSE)
        through = (REMEMBERED if again else busy) / ((REMEMBERED if again else busy) + pause)
        rate = self.rate * max(FLOOR, min(1 - EASE, through))
        plateau = min(self.rate * BELOW, rate / (1 - EASE))
        return replace(
            self,
            rate=rate,
            plateau=plateau,
            gain=rate * EASE,
            probed=0.0,
            free_at=now + pause,
            paused_until=now + pause,
            pause=pause,
            refusals=self.refusals + 1,
        )

    def _curve(self, probed: float) -> float:
        beyond = probed - RISE
        return self.plateau + self.gain * (beyond / (RISE if beyond < 0 else PROBE)) ** 3
