"""A doorbell for a task that its worker does not know."""

import uuid

import pytest

from jobs import direct, lifecycle, strangers
from jobs.clock import Now
from jobs.models import Quarantine
from tests.jobs.states import alter, in_state, put, row, seconds_from_now

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("rings", "pause"), [(0, 5), (1, 5), (2, 10), (4, 40), (12, 600), (1000, 600)])
def test_it_is_rung_again_after_a_while_that_grows(rings: int, pause: float) -> None:
    job = alter(put(), rings=rings, rung_at=Now(), dispatch_at=Now(60))
    assert lifecycle.leave(job.pk, "worker@here does not know it")
    job = row(job.pk)
    assert pause - 4 <= seconds_from_now(job.dispatch_at) <= pause
    assert (job.status, job.attempt, job.rung_at, job.reason) == ("pending", 0, None, "worker@here does not know it")


def test_an_answered_doorbell_is_not_a_lost_one() -> None:
    job = alter(put(), rings=1, rung_at=Now(-60), dispatch_at=Now(60))
    lifecycle.leave(job.pk, "unknown")
    assert lifecycle.ring_lost("email", row(job.pk).created_at) == 0


def test_a_delayed_job_is_not_rung_before_its_time() -> None:
    job = put(delay=1000)
    lifecycle.leave(job.pk, "a stale doorbell")
    assert seconds_from_now(row(job.pk).dispatch_at) > 900


def test_a_paused_job_stays_held() -> None:
    job = alter(put(), dispatch_at=None)
    assert not lifecycle.leave(job.pk, "unknown")
    assert row(job.pk).dispatch_at is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", ["processing", "completed", "cancelled"])
def test_what_does_not_wait_is_left_alone(status: str) -> None:
    job = in_state(status)
    assert not strangers.leave(str(job.pk), job.task, "worker@here")
    assert (row(job.pk).reason, Quarantine.objects.exists()) == (job.reason, False)


def test_a_process_without_a_broker_takes_no_task_that_it_does_not_know() -> None:
    known, _ = put(), put(task="of_the_next_release")
    assert [job.pk for job in direct.due(["email"])] == [known.pk]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("job_id", [str(uuid.UUID(int=7)), "nonsense"])
def test_what_names_no_job_is_quarantined(job_id: str) -> None:
    assert not strangers.leave(job_id, "nobodys", "worker@here")
    assert Quarantine.objects.get().head == job_id
