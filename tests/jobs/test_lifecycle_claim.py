"""Claiming: who may run a job, and when."""

import uuid

import pytest

from jobs import lifecycle
from jobs.clock import Now
from jobs.models import Job, QueueControl, TaskControl
from tests.jobs.states import (
    BROKEN,
    HERE,
    THERE,
    alter,
    everything,
    in_state,
    make_due,
    put,
    row,
    seconds_from_now,
    take,
)

pytestmark = pytest.mark.django_db


def claim(job: Job, token: uuid.UUID | None = None) -> lifecycle.Claim | None:
    return lifecycle.claim(job.pk, HERE, token or uuid.uuid4())


def test_a_claim_brings_all_that_a_run_needs() -> None:
    job = put(arguments={"value": "ä🙂"}, owner_id=7, workflow={"chain": [1]}, correlation_id="c-1", time_limit=40.5)
    got = take(job)
    assert (got.id, got.attempt, got.failures, got.max_retries) == (job.pk, 1, 0, 3)
    assert (got.task, got.queue, got.arguments, got.owner_id) == ("echo", "email", {"value": "ä🙂"}, 7)
    assert (got.correlation_id, got.workflow, got.batch_id) == ("c-1", {"chain": [1]}, None)
    assert (got.soft_time_limit, got.time_limit, got.identity) == (285, 40.5, HERE)


def test_a_claim_writes_down_who_runs_it_and_for_how_long() -> None:
    job = put(time_limit=100)
    got = take(job)
    job = row(job.pk)
    assert (job.status, job.attempt, job.claim, job.dispatch_at) == ("processing", 1, got.token, None)
    assert (job.worker, job.boot, job.pid) == (HERE.name, HERE.boot, HERE.pid)
    assert seconds_from_now(job.lease_until) == pytest.approx(115, abs=5)
    assert job.started_at is not None


def test_a_job_that_is_not_due_cannot_be_claimed() -> None:
    job = put(delay=60)
    assert claim(job) is None
    assert claim(make_due(job)) is not None


def test_a_stale_doorbell_does_not_start_a_retry_early() -> None:
    got = take(put())
    lifecycle.retry(got, BROKEN, after=60)
    assert claim(row(got.id)) is None


def test_a_job_of_a_paused_queue_cannot_be_claimed() -> None:
    job = put()
    control = QueueControl.objects.create(name="email", paused=True)
    assert claim(job) is None
    control.paused = False
    control.save()
    assert claim(job) is not None


def test_a_job_of_a_paused_task_cannot_be_claimed() -> None:
    job = put()
    TaskControl.objects.create(name="echo", paused=True)
    TaskControl.objects.create(name="add", paused=False)
    assert claim(job) is None
    assert claim(put(task="add", queue="ai")) is not None


def test_another_queues_pause_changes_nothing() -> None:
    QueueControl.objects.create(name="crm", paused=True)
    assert claim(put()) is not None


def test_a_waiting_job_that_is_asked_to_be_cancelled_cannot_be_claimed() -> None:
    assert claim(alter(put(), cancel_requested_at=Now())) is None


def test_a_job_past_its_latest_first_start_cannot_be_claimed() -> None:
    assert claim(alter(put(expires=60), expires_at=Now(-1))) is None
    assert claim(put(expires=60)) is not None


def test_a_retry_ignores_the_latest_first_start() -> None:
    got = take(put(expires=60))
    lifecycle.retry(got, BROKEN, after=0)
    assert claim(alter(row(got.id), expires_at=Now(-1))) is not None


@pytest.mark.parametrize("status", ["processing", "completed", "failed", "dead", "cancelled", "expired", "in_doubt"])
def test_only_a_waiting_job_can_be_claimed(status: str) -> None:
    job = in_state(status)
    before = everything(job.pk)
    assert claim(job) is None
    assert everything(job.pk) == before


def test_a_job_that_is_not_there_cannot_be_claimed() -> None:
    assert lifecycle.claim(uuid.uuid4(), HERE, uuid.uuid4()) is None


def test_the_same_token_takes_it_again_and_counts_once() -> None:
    job, token = put(), uuid.uuid4()
    first, again = claim(job, token), claim(job, token)
    assert first is not None
    assert again == first
    assert row(job.pk).attempt == 1


def test_a_second_token_gets_nothing_while_the_first_runs() -> None:
    job = put()
    take(job)
    assert lifecycle.claim(job.pk, THERE, uuid.uuid4()) is None
    assert row(job.pk).worker == HERE.name


def test_a_token_is_worth_nothing_once_its_attempt_has_ended() -> None:
    job, token = put(), uuid.uuid4()
    got = claim(job, token)
    assert got is not None
    lifecycle.complete([(got, "1")])
    assert claim(job, token) is None


def test_an_old_token_does_not_take_over_a_later_attempt() -> None:
    job, token = put(), uuid.uuid4()
    got = claim(job, token)
    assert got is not None
    lifecycle.retry(got, BROKEN, after=0)
    take(row(job.pk), THERE)
    assert claim(job, token) is None
    assert row(job.pk).worker == THERE.name


def test_every_claim_raises_the_fence_and_none_lowers_it() -> None:
    job = put(max_retries=9)
    for number in (1, 2, 3):
        got = take(row(job.pk))
        assert got.attempt == number
        lifecycle.snooze(got, 0, "next")
    assert row(job.pk).attempt == 3


def test_a_claim_frees_a_slot_held_only_while_waiting() -> None:
    waiting = put(unique_key="k", unique_scope="waiting", unique_slot="k")
    running = put(unique_key="r", unique_scope="running", unique_slot="r")
    take(waiting)
    take(running)
    assert (row(waiting.pk).unique_slot, row(running.pk).unique_slot) == (None, "r")
