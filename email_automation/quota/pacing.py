"""How fast to ask a provider whose limit is not known exactly and moves: the thinking, without a database.

Units are spaced evenly (GCRA). A refusal pauses everybody. From one refusal to the next all that was allowed got
through, and not more: so their distance measures the limit, unless less was asked for meanwhile. What was measured is
held for a while, longer where it is confirmed; then the rate rises until it is refused, slowly at first. One refusal in
so many calls can be afforded: where calls are many, pauses and holds are shorter by as much; rises are not, since
providers count in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

MINUTE = 60.0
BURST = 1.0  # seconds whose units may go at once after a silence
GAP = 5.0  # seconds without a wish for more do not count as full use
SAFE = 0.98  # of what was measured is asked for
FLOOR = 0.4  # of the rate that was refused is believed to be allowed, at least
CEILING = 0.94  # and at most
HOLD = 35.5  # seconds of full use at what was measured
LONGER_HOLD = 60.0  # where it is confirmed
SURPRISE = 0.12  # a limit that moved by more is not confirmed
RAISED = 1.08  # times what was held without a refusal is believed to be allowed
DOUBLED = 19.3  # seconds beyond the hold in which the rate doubles
BEND = 1.75  # how much slower it rises at first
OVERSHOT = 1.4  # times too fast is a rate that rose until it was refused, until a provider's own way is known
LEAST_OVERSHOT, MOST_OVERSHOT = 1.15, 1.5
LESS, MORE = 0.95, 1.08  # times, where what was guessed so held, and where it was refused
SLOW = 3_600.0  # units a minute below which it all takes longer: a refusal weighs more where calls are few
QUICK = 7_000.0  # above which it takes less time: it weighs less where calls are many
QUICKER = 2.1  # times as much less as there are more calls
QUICKEST = 8.0  # times
SAME = 0.6  # seconds after a pause within which a refusal is the same one still: nothing got through
PAUSE = 2.0  # seconds, where the provider does not say and calls are few
FELL = 0.86  # of the rate, where it is the same refusal: the limit fell
LONGER = 3.0  # times, while it is the same refusal
LONGEST_PAUSE = 30.0


@dataclass(frozen=True)
class Pace:
    """Where one controller stands. Times in seconds on one clock, rates in units a minute.

    `plateau`, `hold`, `probed`: what is believed to be allowed, how many seconds of full use it is held, and how many
    of those have been. `overshot`: how far a rise goes too far before it is refused, learned. `since`, `spent`: the
    last refusal, or where full use began, and the units taken from then on. `free_at`: when the units after all that
    were taken may go. `pause`: the last one's length.
    """

    rate: float
    plateau: float
    hold: float
    probed: float
    since: float
    spent: float
    free_at: float
    taken_at: float
    overshot: float = OVERSHOT
    paused_until: float = 0.0
    pause: float = 0.0
    refusals: int = 0

    @classmethod
    def starting(cls, rate: float, now: float) -> Pace:
        """As is known of an account that was never refused: held for long enough, about to rise."""
        return cls(rate, rate, 0.0, 0.0, since=now, spent=0.0, free_at=now - BURST, taken_at=now)

    def wait(self, now: float) -> float:
        """Seconds until the next units may go."""
        return max(0.0, self.free_at - now, self.paused_until - now)

    def taken(self, units: float, now: float, limit: float) -> Pace:
        """After these units were taken, to go after `wait`. It rises only while all that is allowed is wanted."""
        start = max(self.free_at, self.paused_until, now - BURST)
        in_full_use = start > now - BURST / 2 and now > self.paused_until
        passed = min(now - self.taken_at, GAP) * self._haste() if in_full_use else 0.0
        probed = self.probed + passed
        rate = min(limit, self._curve(probed))
        began_anew = now - max(self.free_at, self.paused_until) > GAP
        return replace(
            self,
            rate=rate,
            probed=probed,
            since=now if began_anew else self.since,
            spent=units if began_anew else self.spent + units,
            free_at=start + units * MINUTE / rate,
            taken_at=now,
        )

    def refused(self, now: float, retry_after: float | None) -> Pace:
        """After a refusal. Those of calls that were under way when the first one came change only the pause.

        What was taken and has not gone is lost: whoever waits for it asks again.
        """
        if now < self.paused_until:
            until = max(self.paused_until, now + (retry_after or 0.0))
            return replace(self, paused_until=until, free_at=until)
        again = now - self.paused_until < SAME
        first = PAUSE / self._quicker()
        longer = min(max(LONGER * self.pause, first), LONGEST_PAUSE)
        pause = max(retry_after or 0.0, longer if again else first)
        overshot = self.overshot if again else self._overshot()
        rate = self._rate(now)
        allowed = FELL * rate if again else max(self._measured(now, rate), self._guessed(overshot, rate))
        allowed = min(max(allowed, FLOOR * rate), CEILING * rate)
        confirmed = abs(allowed / self.plateau - 1) < SURPRISE
        return replace(
            self,
            rate=allowed * SAFE,
            plateau=allowed * SAFE,
            hold=LONGER_HOLD if confirmed else HOLD,
            probed=0.0,
            since=now + pause if again else now,
            spent=0.0,
            overshot=overshot,
            free_at=now + pause,
            paused_until=now + pause,
            pause=pause,
            refusals=self.refusals + 1,
        )

    def _haste(self) -> float:
        return min(1.0, self.plateau / SLOW) * self._quicker()

    def _quicker(self) -> float:
        return min(1.0 + QUICKER * max(0.0, self.plateau / QUICK - 1.0), QUICKEST)

    def _rate(self, now: float) -> float:
        """Of the units that have gone: those that wait in line were taken at a later, higher one."""
        waiting = max(0.0, self.free_at - now) * self._haste()
        return self.rate if self.rate <= self.plateau else self._curve(max(0.0, self.probed - waiting))

    def _measured(self, now: float, rate: float) -> float:
        """What got through since the last refusal, units a minute: not more than is allowed on average."""
        waiting = max(0.0, self.free_at - now) * rate / MINUTE
        return max(0.0, self.spent - waiting) * MINUTE / max(now - self.since, 1.0)

    def _overshot(self) -> float:
        if self.probed >= self.hold:
            return max(LEAST_OVERSHOT, LESS * self.overshot)
        return min(MOST_OVERSHOT, MORE * self.overshot)

    def _guessed(self, overshot: float, rate: float) -> float:
        """What is allowed at least, from how fast it rose, and how long it held."""
        rose = rate / overshot if rate > self.plateau else 0.0
        held = self.plateau * RAISED if self.probed >= self.hold else 0.0
        return max(rose, held)

    def _curve(self, probed: float) -> float:
        beyond = max(0.0, probed - self.hold)
        risen: float = (beyond / (DOUBLED * self._quicker())) ** BEND
        return self.plateau * (1 + risen)
