"""Ringing: which doorbells are due, in what order, and which of them can no longer be on their way."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs import lifecycle
from jobs.clock import Now, now
from jobs.models import Job, TaskControl
from tests.jobs.states import alter, everything, in_state, make_due, put, row, seconds_from_now, take

pytestmark = pytest.mark.django_db


def rung(queue: str = "email", limit: int = 100) -> list[uuid.UUID]:
    return [due.id for due in lifecycle.ring_due(queue, limit)]


def later(job: Job, seconds: float) -> Job:
    """Due that long after the others."""
    return alter(job, dispatch_at=Now(seconds - 100), created_at=Now(seconds - 100))


def test_what_is_due_is_rung_with_what_its_message_needs() -> None:
    job = put(soft_time_limit=10, time_limit=20)
    [due] = lifecycle.ring_due("email", 10)
    assert (due.id, due.task, due.soft_time_limit, due.time_limit) == (job.pk, "echo", 10, 20)
    assert due.at == row(job.pk).rung_at


def test_the_urgent_come_first_then_the_oldest() -> None:
    jobs = {(priority, age): later(put(priority=priority), age) for priority in (5, 0, 9) for age in (2, 0, 1)}
    assert rung() == [jobs[priority, age].pk for priority in (0, 5, 9) for age in (0, 1, 2)]


def test_a_full_buffer_takes_the_urgent_even_if_others_wait_longer() -> None:
    old = [later(put(priority=5), 0) for _ in range(5)]
    urgent = later(put(priority=4), 50)
    assert rung(limit=1) == [urgent.pk]
    assert set(rung(limit=5)) == {job.pk for job in old}


def test_nothing_is_rung_twice_in_a_row() -> None:
    put()
    assert (len(rung()), rung()) == (1, [])


def test_each_ring_waits_twice_as_long_up_to_ten_minutes() -> None:
    job = put()
    waits = []
    for _ in range(6):
        rung()
        waits.append(round(seconds_from_now(row(job.pk).dispatch_at) / 60))
        alter(job, dispatch_at=Now(-1))
    assert waits == [1, 2, 4, 8, 10, 10]
    assert row(job.pk).rings == 6


def test_a_job_rung_a_thousand_times_can_still_be_rung() -> None:
    job = alter(put(), rings=1000)
    assert rung() == [job.pk]
    assert row(job.pk).rings == 1000


def test_only_its_own_queue_is_rung() -> None:
    put(queue="ai", task="add")
    assert rung("email") == []


def test_what_is_not_due_is_not_rung() -> None:
    job = put(delay=60)
    assert rung() == []
    make_due(job)
    assert rung() == [job.pk]


@pytest.mark.parametrize("status", ["processing", "completed", "failed", "dead", "cancelled", "expired", "in_doubt"])
def test_only_what_waits_is_rung(status: str) -> None:
    job = alter(in_state(status), dispatch_at=Now(-1))
    before = everything(job.pk)
    assert rung() == []
    assert everything(job.pk) == before


def test_a_paused_tasks_jobs_are_passed_over() -> None:
    held, free = put(), put(task="greet")
    TaskControl.objects.create(name="echo", paused=True)
    assert rung() == [free.pk]
    TaskControl.objects.update(paused=False)
    lifecycle.wake_held(10)
    assert rung() == [held.pk]


def test_a_ring_older_than_all_in_the_list_is_lost() -> None:
    job = put(ring=True)
    alter(job, rung_at=Now(-10))
    assert lifecycle.ring_lost("email", now()) == 1
    assert rung() == [job.pk]


def test_a_ring_that_may_be_on_its_way_is_not_lost() -> None:
    job = put(ring=True)
    assert job.rung_at is not None
    assert lifecycle.ring_lost("email", job.rung_at - timedelta(seconds=1)) == 0
    assert rung() == []


@pytest.mark.parametrize("queue", ["ai", "crm"])
def test_another_queues_rings_are_left_alone(queue: str) -> None:
    alter(put(ring=True), rung_at=Now(-10))
    assert lifecycle.ring_lost(queue, now()) == 0


def test_a_claimed_job_has_lost_nothing() -> None:
    job = alter(put(ring=True), rung_at=Now(-10))
    take(job)
    assert lifecycle.ring_lost("email", now()) == 0


def test_lost_rings_are_found_in_bounded_steps() -> None:
    for _ in range(3):
        alter(put(ring=True), rung_at=Now(-10))
    assert [lifecycle.ring_lost("email", now(), limit=2) for _ in range(3)] == [2, 1, 0]


def test_a_ring_that_the_broker_did_not_take_is_none() -> None:
    job, delayed, busy = put(ring=True), put(delay=60), put(ring=True)
    take(busy)
    lifecycle.not_rung([job.pk, delayed.pk, busy.pk])
    job = row(job.pk)
    assert (job.rung_at, job.rings) == (None, 0)
    assert rung() == [job.pk]
    assert row(busy.pk).dispatch_at is None


def test_after_a_ring_that_was_not_taken_the_grace_starts_small_again() -> None:
    job = put(ring=True)
    lifecycle.not_rung([job.pk])
    rung()
    assert seconds_from_now(row(job.pk).dispatch_at) == pytest.approx(60, abs=5)


def test_a_tick_with_nothing_due_does_not_wait_for_sqlites_one_writer() -> None:
    put(delay=60)
    with CaptureQueriesContext(connection) as asked:
        assert rung() == []
    writes = [query for query in asked.captured_queries if "UPDATE" in query["sql"]]
    assert len(writes) == (0 if connection.vendor == "sqlite" else 1)
