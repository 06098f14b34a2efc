"""Since when a worker could have begun a job, and has not."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from jobs.taking import Taking


@dataclass
class Message:
    id: str


class Worker:
    """Of two slots, whose clock a test moves."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        patch.setattr("jobs.taking.time", SimpleNamespace(monotonic=lambda: self.now))
        self.taking = Taking(lambda: 2)

    def idle_for(self, seconds: float, took: Sequence[str] = (), began: Sequence[str] = ()) -> float | None:
        """What it says so much later, with these messages taken and these begun."""
        self.now += seconds
        return self.taking._idle_for([Message(name) for name in took], began)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    return Worker(monkeypatch)


def test_with_a_free_slot_it_is_idle_since_it_took_its_last_message(worker: Worker) -> None:
    worker.idle_for(0)
    worker.now += 7
    worker.taking._on_received()
    assert worker.idle_for(3, ["a"], ["a"]) == 3


def test_it_is_not_idle_while_all_slots_work(worker: Worker) -> None:
    assert worker.idle_for(60, ["a", "b"], ["a", "b"]) is None
    assert worker.idle_for(3, ["a"], ["a"]) == 0  # from now on
    assert worker.idle_for(3, ["a"], ["a"]) == 3


def test_a_message_that_no_process_begins_makes_it_idle(worker: Worker) -> None:
    worker.idle_for(0, ["a", "b"], ["a"])
    assert worker.idle_for(20, ["a", "b"], ["a"]) == 20


def test_a_message_that_is_begun_in_time_does_not(worker: Worker) -> None:
    worker.idle_for(3, ["a", "b"], ["a"])
    assert worker.idle_for(3, ["a", "b"], ["a", "b"]) is None
