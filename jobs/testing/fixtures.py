"""The testing kit for pytest: `pytest_plugins = ["jobs.testing.fixtures"]` in the outermost conftest.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jobs.testing import FrozenClock, frozen_clock
from jobs.testing import no_ringing as ringing_off
from jobs.testing.flushing import audit_flushed


@pytest.fixture(scope="session", autouse=True)
def jobs_audit_flushed() -> Iterator[None]:
    """Tests that commit leave no audit behind."""
    with audit_flushed():
        yield


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
