"""The ledger's clock, stopped: time passes when the test says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from jobs import clock
from jobs.errors import Refused

_current: FrozenClock | None = None


class FrozenClock:
    """Stands still until it is advanced: the database's clock, which decides what is due. Python's own runs on."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._passed = timedelta()

    @property
    def now(self) -> datetime:
        return self._start + self._passed

    def advance(self, seconds: float) -> None:
        """Let time pass: delays, backoff, leases."""
        if not seconds >= 0:
            raise Refused(f"{seconds} s: the clock does not go back.", field="seconds")
        self._passed += timedelta(seconds=seconds)
        clock.shift(self._passed)

    def advance_to(self, moment: datetime) -> bool:
        """Go on to a moment, if it is still to come. Returns whether it was."""
        ahead = (moment - self.now).total_seconds()
        if ahead > 0:
            self.advance(ahead + 0.001)  # SQLite's clock has milliseconds
        return ahead > 0


@contextmanager
def frozen_clock(at: datetime | None = None) -> Iterator[FrozenClock]:
    """Stop the ledger's clock while the block runs, now or at a moment.

    Raises:
        Refused: `at` has no time zone, or the clock stands still already.
    """
    global _current
    if _current is not None:
        raise Refused("The clock stands still already: advance that one.", field="frozen_clock")
    if at is not None and at.tzinfo is None:
        raise Refused("at has no time zone: give an aware datetime.", field="at")
    _current = FrozenClock((at or clock.now()).astimezone(UTC))
    clock.freeze(_current.now)
    try:
        yield _current
    finally:
        _current = None
        clock.freeze(None)
        clock.shift(timedelta())


def is_stopped() -> bool:
    return _current is not None


def current() -> FrozenClock:
    """The clock that stands still. Raises Refused if it runs."""
    if _current is None:
        raise Refused("The clock runs: stop it with frozen_clock() first.", field="frozen_clock")
    return _current
