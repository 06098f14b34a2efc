"""Jobs that meet a hold wait for its release, at no cost, and nobody else's job does."""

import uuid

import pytest

from jobs import holding, lifecycle, services, why
from jobs.alerts import rules
from jobs.clock import Now
from jobs.models import HeldJob, Hold, Job
from jobs.testing import run_job
from tests.jobs.states import HERE, alter, attempts, row, running

pytestmark = pytest.mark.django_db

KEY = "mailbox:7"
REASON = "me@gmail.com has to be connected again"


def parked() -> Job:
    claim = running()
    lifecycle.park(claim, KEY, REASON)
    return row(claim.id)


def is_due(job: Job) -> bool:
    return Job.objects.filter(pk=job.pk, status="pending", run_at__lte=Now(), dispatch_at__lte=Now()).exists()


@pytest.fixture
def held() -> None:
    services.hold(KEY, REASON)


def test_a_held_job_waits_at_no_cost(held: None) -> None:
    job = parked()
    assert (job.status, job.failures, job.reason) == ("pending", 0, REASON)
    assert attempts(job.pk) == []
    assert lifecycle.claim(job.pk, HERE, uuid.uuid4()) is None  # whatever rings


def test_a_release_makes_it_due(held: None) -> None:
    job = parked()
    assert services.release(KEY)
    assert is_due(job)
    assert not Hold.objects.exists()
    assert not services.release(KEY)


def test_a_release_wakes_only_its_own(held: None) -> None:
    services.hold("mailbox:8", "another")
    mine = parked()
    claim = running()
    lifecycle.park(claim, "mailbox:8", "another")
    services.release("mailbox:8")
    assert not is_due(mine)
    assert is_due(row(claim.id))


def test_a_hold_released_before_the_job_settles_holds_it_not(held: None) -> None:
    services.release(KEY)
    assert is_due(parked())


def test_many_are_woken_in_small_statements(held: None) -> None:
    jobs = [parked() for _ in range(5)]
    lifecycle.release_hold(KEY)
    assert lifecycle.wake_released(2) == 2
    assert Hold.objects.exists()
    assert holding.run_once() == 3
    assert all(is_due(job) for job in jobs)


def test_one_held_again_while_it_is_released_keeps_what_was_not_woken(held: None) -> None:
    first, second = parked(), parked()
    lifecycle.release_hold(KEY)
    lifecycle.wake_released(1)
    assert services.hold(KEY, REASON)
    assert holding.run_once() == 0
    assert (is_due(first), is_due(second)) == (True, False)


def test_holding_twice_is_holding_once(held: None) -> None:
    assert not services.hold(KEY, "for another reason")
    assert Hold.objects.get().reason == "for another reason"


def test_it_can_be_cancelled(held: None) -> None:
    job = parked()
    services.cancel(job.pk, by="ann")
    services.release(KEY)
    assert row(job.pk).status == "cancelled"


def test_one_that_was_to_be_cancelled_ends(held: None) -> None:
    claim = running()
    services.cancel(claim.id, by="ann")
    lifecycle.park(claim, KEY, REASON)
    assert row(claim.id).status == "cancelled"


def test_one_that_is_run_now_tries_again(held: None) -> None:
    job = parked()
    services.run_now(job.pk, by="ann")
    assert is_due(job)
    assert not HeldJob.objects.exists()


def test_one_that_was_cancelled_and_is_run_again_is_held_no_more(held: None) -> None:
    job = parked()
    services.cancel(job.pk, by="ann")
    services.retry(job.pk, by="ann")
    assert is_due(job)
    assert not HeldJob.objects.exists()


def test_why_it_does_not_run_is_the_hold(held: None) -> None:
    gate = why.explain(parked()).in_the_way
    assert gate is not None
    assert gate.name == "held"
    assert REASON in gate.text


def test_what_holds_jobs_is_worth_an_alert(held: None) -> None:
    assert not [sight for sight in rules.look() if sight.rule == "held"]
    parked()
    [sight] = [sight for sight in rules.look() if sight.rule == "held"]
    assert (sight.subject, sight.text) == (KEY, f"1 job held: {REASON}")


def test_a_held_job_is_not_late(held: None) -> None:
    job = parked()
    alter(job, created_at=Now(-86_400))
    assert not [sight for sight in rules.look() if sight.rule == "queue_age"]


def test_a_task_that_answers_so_is_held(held: None) -> None:
    services.hold("odd", REASON)
    job = services.enqueue("answer_oddly", {"kind": "held"})
    assert run_job(job).status == "pending"
    assert HeldJob.objects.get().hold_id == "odd"
