"""Jobs whose process or worker is gone, told by its parent or found by the dispatcher."""

import pytest

from jobs import lifecycle
from tests.jobs.states import (
    BROKEN,
    HERE,
    THERE,
    attempts,
    everything,
    in_state,
    make_due,
    put,
    result,
    row,
    running,
    seconds_from_now,
    take,
)

pytestmark = pytest.mark.django_db

NOT_RUNNING = ["pending", "retrying", "completed", "failed", "dead", "cancelled", "expired", "in_doubt"]


def lose(claim: lifecycle.Claim, *, died: bool = True, worker: str = HERE.name, pid: int = HERE.pid) -> str | None:
    return lifecycle.lose(claim.id, worker, pid, BROKEN, died=died)


def test_a_job_whose_process_died_waits_again_at_once() -> None:
    claim = running()
    assert lose(claim) == "retrying"
    job = row(claim.id)
    assert (job.status, job.failures, job.deaths, job.orphaned, job.claim) == ("retrying", 1, 1, 0, None)
    assert seconds_from_now(job.run_at) <= 0
    assert attempts(claim.id)[0].error == "it broke"


def test_a_job_that_killed_two_processes_is_put_aside() -> None:
    job = put(max_retries=9)
    assert [lose(take(row(job.pk))) for _ in range(2)] == ["retrying", "dead"]
    assert (row(job.pk).deaths, result(job.pk).status) == (2, "FAILURE")


def test_a_death_counts_against_the_retries_too() -> None:
    assert lose(running(max_retries=0)) == "dead"


def test_a_hard_limit_is_an_ordinary_failure_with_backoff() -> None:
    claim = running(max_retries=9)
    assert lose(claim, died=False) == "retrying"
    job = row(claim.id)
    assert (job.failures, job.deaths) == (1, 0)
    assert seconds_from_now(job.run_at) > 20


def test_a_lost_job_that_is_to_be_cancelled_ends_so() -> None:
    claim = running()
    lifecycle.cancel(claim.id, by="ann", reason="stuck")
    assert lose(claim) == "cancelled"
    assert result(claim.id).status == "REVOKED"


@pytest.mark.parametrize(("worker", "pid"), [(THERE.name, HERE.pid), (HERE.name, HERE.pid + 1)])
def test_only_the_process_that_runs_it_can_lose_it(worker: str, pid: int) -> None:
    claim = running()
    before = everything(claim.id)
    assert lose(claim, worker=worker, pid=pid) is None
    assert not lifecycle.release(claim.id, worker, pid, "stopped")
    assert everything(claim.id) == before


@pytest.mark.parametrize("status", NOT_RUNNING)
def test_only_a_running_job_can_be_lost_or_given_back(status: str) -> None:
    job = in_state(status)
    before = everything(job.pk)
    assert lifecycle.lose(job.pk, HERE.name, HERE.pid, BROKEN, died=True) is None
    assert not lifecycle.release(job.pk, HERE.name, HERE.pid, "stopped")
    assert everything(job.pk) == before


def test_a_job_that_is_given_back_has_spent_nothing() -> None:
    claim = running()
    assert lifecycle.release(claim.id, HERE.name, HERE.pid, "its worker was stopped")
    job = row(claim.id)
    assert (job.status, job.failures, job.attempt, job.deaths) == ("pending", 0, 1, 0)
    assert (job.reason, job.claim, job.lease_until) == ("its worker was stopped", None, None)
    assert seconds_from_now(job.dispatch_at) <= 0
    assert attempts(claim.id) == []


def test_a_job_that_is_given_back_and_to_be_cancelled_ends() -> None:
    claim = running()
    lifecycle.cancel(claim.id, by="ann", reason="")
    assert lifecycle.release(claim.id, HERE.name, HERE.pid, "stopped")
    assert (row(claim.id).status, result(claim.id).status) == ("cancelled", "REVOKED")


def test_a_rescued_job_of_a_dead_process_counts_its_death() -> None:
    claim = running()
    assert lifecycle.rescue(row(claim.id), "its process is gone", died=True)
    job = row(claim.id)
    assert (job.status, job.failures, job.deaths, job.orphaned) == ("retrying", 1, 1, 0)
    assert attempts(claim.id)[0].error == "Attempt 1: its process is gone."


def test_a_rescued_job_of_a_dead_worker_is_no_poison_until_the_fifth() -> None:
    job = put(max_retries=99)
    for _ in range(5):
        take(make_due(row(job.pk)))
        assert row(job.pk).status == "processing"
        assert lifecycle.rescue(row(job.pk), "its worker is gone", died=False)
    job = row(job.pk)
    assert (job.status, job.deaths, job.orphaned) == ("dead", 0, 5)


def test_rescue_of_an_attempt_that_has_moved_on_does_nothing() -> None:
    seen = row(running().id)
    lifecycle.release(seen.pk, HERE.name, HERE.pid, "stopped")
    assert not lifecycle.rescue(seen, "its worker is gone", died=False)
    take(row(seen.pk), THERE)
    before = everything(seen.pk)
    assert not lifecycle.rescue(seen, "its worker is gone", died=False)
    assert everything(seen.pk) == before


def test_a_rescued_job_that_is_to_be_cancelled_ends() -> None:
    claim = running()
    lifecycle.cancel(claim.id, by="ann", reason="")
    assert lifecycle.rescue(row(claim.id), "its worker is gone", died=False)
    assert row(claim.id).status == "cancelled"


def test_rescue_never_says_in_doubt() -> None:
    claim = running(max_retries=0)
    lifecycle.rescue(row(claim.id), "its worker is gone", died=False)
    assert row(claim.id).status == "dead"
