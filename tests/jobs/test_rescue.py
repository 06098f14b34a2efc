"""Finding the jobs of dead processes and dead workers, and nobody else's."""

import pytest

from jobs.clock import Now
from jobs.lifecycle import Claim
from jobs.models import Job, WorkerBeat
from jobs.rescue import Rescuer
from tests.jobs.states import HERE, alter, row, running

pytestmark = pytest.mark.django_db


def beat(*pids: int, age: float = 0) -> WorkerBeat:
    return WorkerBeat.objects.create(
        boot=HERE.boot,
        name=HERE.name,
        host="h",
        pid=1,
        slots=2,
        pids=list(pids),
        started_at=Now(-100),
        beat_at=Now(-age),
    )


def long_running() -> Claim:
    claim = running()
    alter(row(claim.id), started_at=Now(-60))
    return claim


def patient() -> Rescuer:
    """One that has looked on for a whole beat's time."""
    rescuer = Rescuer()
    rescuer._watching_since -= 100
    return rescuer


def state(claim: Claim) -> tuple[str, int, int]:
    job: Job = row(claim.id)
    return job.status, job.deaths, job.orphaned


def test_a_live_workers_live_process_is_left_alone() -> None:
    claim = long_running()
    beat(HERE.pid)
    assert patient().run_once() == 0
    assert state(claim) == ("processing", 0, 0)


def test_a_process_that_its_worker_no_longer_lists_is_dead() -> None:
    claim = long_running()
    beat(1, 2)
    assert patient().run_once() == 1
    assert state(claim) == ("retrying", 1, 0)


def test_a_job_claimed_since_the_beat_is_not_judged_by_it() -> None:
    claim = running()
    beat(1, 2)
    assert patient().run_once() == 0
    assert state(claim) == ("processing", 0, 0)


def test_a_worker_that_has_fallen_silent_is_gone() -> None:
    claim = long_running()
    beat(HERE.pid, age=30)
    assert patient().run_once() == 1
    assert state(claim) == ("retrying", 0, 1)


def test_one_that_has_not_looked_on_for_long_trusts_no_silence() -> None:
    claim = long_running()
    beat(HERE.pid, age=30)
    assert Rescuer().run_once() == 0
    assert state(claim) == ("processing", 0, 0)


def test_a_lease_that_is_over_ends_it_whoever_beats() -> None:
    claim = long_running()
    beat(HERE.pid)
    alter(row(claim.id), lease_until=Now(-1))
    assert Rescuer().run_once() == 1
    assert state(claim) == ("retrying", 0, 1)
