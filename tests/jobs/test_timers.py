"""The timers that time limits leave in a worker's parent."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import celery
import pytest
from kombu.asynchronous import Hub
from kombu.asynchronous.timer import Timer

from jobs import timers
from jobs.timers import Timers, sweep

LIMIT = 300.0  # seconds


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    yield hub
    hub.close()


def limits(timer: Timer, count: int) -> list[int]:
    """As the pool keeps them: one for each job, cancelled when it ends. Returns what the others will add to."""
    struck: list[int] = []
    for job in range(count):
        entry = timer.call_after(-LIMIT if job % 10 == 0 else LIMIT, struck.append, (job,))
        if job % 10:
            entry.cancel()
    return struck


def test_those_of_jobs_that_have_ended_are_dropped_and_the_others_strike(hub: Hub) -> None:
    struck = limits(hub.timer, 1000)
    assert sweep(hub.timer) == 100
    hub.fire_timers(max_timers=1000)
    assert sorted(struck) == list(range(0, 1000, 10))


def test_what_is_left_strikes_in_its_order() -> None:
    timer = Timer()
    struck: list[int] = []
    for seconds in (5, 2, 9, 1, 7, 3, 8, 4, 6):
        entry = timer.call_after(seconds - LIMIT, struck.append, (seconds,))
        if seconds in (1, 2, 5):
            entry.cancel()
    sweep(timer)
    for _, due in timer:
        if due is None:
            break
        due()
    assert struck == [3, 4, 6, 7, 8, 9]


def test_a_worker_sweeps_while_it_consumes(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers, "EVERY", 1e-9)
    parent = SimpleNamespace(hub=hub)
    step = Timers(parent)
    step.start(parent)
    limits(hub.timer, 10)
    hub.fire_timers()
    assert all(not waiting.entry.canceled for waiting in hub.timer._queue)
    step.stop(parent)  # the connection is lost
    step.stop(parent)
    sweep(hub.timer)
    assert not hub.timer._queue


def test_a_pool_without_an_event_loop_has_nothing_to_sweep() -> None:
    parent = SimpleNamespace(hub=None)
    step = Timers(parent)
    step.start(parent)
    step.stop(parent)


def test_every_worker_of_ours_does() -> None:
    assert Timers in celery.current_app.steps["consumer"]
