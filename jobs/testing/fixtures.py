"""The testing kit for pytest: `pytest_plugins = ["jobs.testing.fixtures"]` in the outermost conftest.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jobs.testing import FrozenClock, frozen_clock
from jobs.testing import no_ringing as ringing_off


@pytest.fixture
def jobs_clock(db: None) -> Iterator[FrozenClock]:
    """The ledger's clock stands still; `jobs_clock.advance(seconds)` lets time pass."""
    with frozen_clock() as clock:
        yield clock


@pytest.fixture
def no_ringing() -> Iterator[None]:
    """No broker hears of what is enqueued."""
    with ringing_off():
        yield
