"""What people and callers do to a job: cancel, run again, fail, clear a queue; and what time does: expire."""

import pytest

from jobs import lifecycle
from jobs.clock import Now
from jobs.models import Job, JobEvent
from tests.jobs.states import (
    BROKEN,
    HERE,
    alter,
    attempts,
    ended,
    everything,
    in_state,
    put,
    result,
    row,
    running,
    seconds_from_now,
    take,
)

pytestmark = pytest.mark.django_db

ENDED = ["completed", "failed", "dead", "cancelled", "expired", "in_doubt"]


def noted(job: Job) -> list[tuple[str, str]]:
    return list(JobEvent.objects.filter(job=job).order_by("id").values_list("kind", "by"))


@pytest.mark.parametrize("status", ["pending", "retrying"])
def test_a_waiting_job_is_cancelled_at_once(status: str) -> None:
    job = in_state(status)
    before = len(attempts(job.pk))
    assert lifecycle.cancel(job.pk, by="ann", reason="sent by mistake") == "cancelled"
    job = row(job.pk)
    assert (job.status, job.reason, job.dispatch_at) == ("cancelled", "sent by mistake", None)
    assert (result(job.pk).status, noted(job), len(attempts(job.pk))) == ("REVOKED", [("cancel", "ann")], before)


def test_a_cancelled_job_cannot_be_claimed_by_a_doorbell_on_its_way() -> None:
    job = put(ring=True)
    lifecycle.cancel(job.pk, by="ann", reason="")
    assert lifecycle.claim(job.pk, HERE, HERE.boot) is None
    assert row(job.pk).reason == "cancelled by ann"


def test_a_running_job_is_asked_and_runs_on() -> None:
    claim = running()
    assert lifecycle.cancel(claim.id, by="ann", reason="too late?") == "processing"
    job = row(claim.id)
    assert (job.status, job.reason, job.claim) == ("processing", "too late?", claim.token)
    assert job.cancel_requested_at is not None
    assert lifecycle.cancel_asked(claim) is True


def test_asking_twice_keeps_the_first_request() -> None:
    claim = running()
    lifecycle.cancel(claim.id, by="ann", reason="first")
    asked = row(claim.id).cancel_requested_at
    assert lifecycle.cancel(claim.id, by="bob", reason="second") == "processing"
    job = row(claim.id)
    assert (job.cancel_requested_at, job.reason, noted(job)) == (asked, "first", [("cancel", "ann"), ("cancel", "bob")])


def test_a_job_that_finishes_before_it_sees_the_request_is_completed() -> None:
    claim = running()
    lifecycle.cancel(claim.id, by="ann", reason="")
    assert lifecycle.complete([(claim, "1")])
    assert row(claim.id).status == "completed"


@pytest.mark.parametrize("status", ENDED)
def test_what_has_ended_cannot_be_cancelled(status: str) -> None:
    job = in_state(status)
    before = everything(job.pk)
    assert lifecycle.cancel(job.pk, by="ann", reason="") is None
    assert (everything(job.pk), noted(job)) == (before, [])


def test_clearing_a_queue_cancels_what_waits_and_nothing_else() -> None:
    waiting, delayed, retrying = put(), put(delay=60), in_state("retrying")
    other, busy, done = put(queue="ai", task="add"), in_state("processing"), in_state("completed")
    assert lifecycle.cancel_waiting("email", 10, by="ann") == 3
    assert {row(one.pk).status for one in (waiting, delayed, retrying)} == {"cancelled"}
    assert [row(one.pk).status for one in (other, busy, done)] == ["pending", "processing", "completed"]
    assert row(waiting.pk).reason == "queue cleared by ann"


def test_clearing_goes_in_bounded_steps() -> None:
    for _ in range(5):
        put()
    assert [lifecycle.cancel_waiting("email", 2, by="ann") for _ in range(4)] == [2, 2, 1, 0]


@pytest.mark.parametrize("status", ["failed", "dead", "cancelled", "expired"])
def test_what_ended_badly_runs_again_with_a_fresh_budget(status: str) -> None:
    job = ended(status)
    alter(job, deaths=1, orphaned=2)
    before = len(attempts(job.pk))
    assert lifecycle.replay(job.pk, by="ann", reason="mended")
    job = row(job.pk)
    assert (job.status, job.failures, job.deaths, job.orphaned, job.reason) == ("pending", 0, 0, 0, "mended")
    assert (job.finished_at, job.expires_at, job.cancel_requested_at) == (None, None, None)
    assert (result(job.pk).status, len(attempts(job.pk)), noted(job)[-1]) == ("PENDING", before, ("retry", "ann"))
    assert seconds_from_now(job.dispatch_at) <= 0


def test_a_job_run_again_keeps_its_id_and_its_fence() -> None:
    job = ended("dead")
    lifecycle.replay(job.pk, by="ann", reason="")
    claim = take(row(job.pk))
    assert claim.attempt == 2
    assert lifecycle.complete([(claim, "1")]) == {job.pk}


def test_a_cancel_asked_in_the_last_run_does_not_cancel_the_next() -> None:
    claim = running()
    lifecycle.cancel(claim.id, by="ann", reason="")
    lifecycle.retry(claim, BROKEN)
    lifecycle.replay(claim.id, by="ann", reason="")
    assert lifecycle.cancel_asked(take(row(claim.id))) is False


@pytest.mark.parametrize("status", ["pending", "processing", "retrying", "completed", "in_doubt"])
def test_only_what_ended_badly_can_be_run_again(status: str) -> None:
    job = in_state(status)
    before = everything(job.pk)
    assert not lifecycle.replay(job.pk, by="ann", reason="")
    assert (everything(job.pk), noted(job)) == (before, [])


@pytest.mark.parametrize("status", ["pending", "retrying", "processing"])
def test_a_caller_may_fail_an_unfinished_job(status: str) -> None:
    job = in_state(status)
    spent = job.failures
    assert lifecycle.fail_from_outside(job.pk, BROKEN, again=True, by="caller") == "retrying"
    job = row(job.pk)
    assert (job.status, job.failures, job.error) == ("retrying", spent + 1, "it broke")
    assert seconds_from_now(job.run_at) >= 20
    assert noted(job) == [("fail", "caller")]


def test_a_caller_may_fail_it_for_good() -> None:
    job = put()
    assert lifecycle.fail_from_outside(job.pk, BROKEN, again=False, by="caller") == "failed"
    assert (row(job.pk).error, result(job.pk).status, attempts(job.pk)) == ("it broke", "FAILURE", [])


def test_a_callers_failures_use_up_the_retries() -> None:
    job = put(max_retries=2)
    outcomes = [lifecycle.fail_from_outside(job.pk, BROKEN, again=True, by="caller") for _ in range(4)]
    assert outcomes == ["retrying", "retrying", "dead", None]


def test_failing_a_running_job_fences_off_its_run() -> None:
    claim = running()
    lifecycle.fail_from_outside(claim.id, BROKEN, again=True, by="caller")
    assert lifecycle.complete([(claim, "1")]) == set()
    assert [one.number for one in attempts(claim.id)] == [1]


def test_failing_a_running_job_that_is_to_be_cancelled_ends_it() -> None:
    claim = running()
    lifecycle.cancel(claim.id, by="ann", reason="")
    assert lifecycle.fail_from_outside(claim.id, BROKEN, again=True, by="caller") == "cancelled"


@pytest.mark.parametrize("status", ENDED)
def test_what_has_ended_cannot_be_failed(status: str) -> None:
    job = in_state(status)
    before = everything(job.pk)
    assert lifecycle.fail_from_outside(job.pk, BROKEN, again=True, by="caller") is None
    assert everything(job.pk) == before


def test_a_job_not_started_in_time_expires() -> None:
    job = alter(put(expires=60), expires_at=Now(-1))
    assert lifecycle.expire_overdue() == 1
    job = row(job.pk)
    assert (job.status, job.reason, result(job.pk).status) == ("expired", "not started in time", "REVOKED")


def test_a_job_expires_only_before_its_first_start() -> None:
    retried = in_state("retrying", expires=60)
    started = in_state("processing", expires=60)
    early = put(expires=60)
    for job in (retried, started):
        alter(job, expires_at=Now(-1))
    assert lifecycle.expire_overdue() == 0
    assert [row(one.pk).status for one in (retried, started, early)] == ["retrying", "processing", "pending"]


def test_expiry_goes_in_bounded_steps() -> None:
    for _ in range(3):
        alter(put(expires=60), expires_at=Now(-1))
    assert [lifecycle.expire_overdue(2) for _ in range(3)] == [2, 1, 0]
