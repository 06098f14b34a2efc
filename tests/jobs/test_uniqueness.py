"""Unique jobs: the database lets one be busy at a time."""

import pytest

from jobs import lifecycle, services
from jobs.errors import Busy, Refused
from jobs.models import JobStatus
from jobs.uniqueness import Unique
from tests.jobs.states import BROKEN, HERE, THERE, put, row, take

pytestmark = pytest.mark.django_db


def test_the_same_job_is_returned_while_it_waits() -> None:
    first = services.enqueue("echo", {"value": 1}, unique=Unique("mailbox:1", "waiting"))
    assert services.enqueue("echo", {"value": 2}, unique=Unique("mailbox:1", "waiting")).pk == first.pk


def test_a_waiting_scope_is_free_once_the_job_is_claimed() -> None:
    first = services.enqueue("echo", {"value": 1}, unique=Unique("mailbox:1", "waiting"))
    take(first)
    assert services.enqueue("echo", {"value": 2}, unique=Unique("mailbox:1", "waiting")).pk != first.pk


def test_a_running_scope_is_free_once_the_job_has_ended() -> None:
    first = services.enqueue("echo", {"value": 1}, unique=Unique("mailbox:1", "running"))
    claim = take(first)
    assert services.enqueue("echo", {"value": 2}, unique=Unique("mailbox:1", "running")).pk == first.pk
    lifecycle.complete([(claim, "null")])
    assert services.enqueue("echo", {"value": 2}, unique=Unique("mailbox:1", "running")).pk != first.pk


@pytest.mark.usefixtures("jobs_clock")
def test_a_period_lets_one_through() -> None:
    first = services.enqueue("echo", {"value": 1}, unique=Unique("digest", 86_400))
    lifecycle.complete([(take(first), "null")])
    assert services.enqueue("echo", {"value": 2}, unique=Unique("digest", 86_400)).pk == first.pk


def test_keys_of_two_tasks_are_apart() -> None:
    first = services.enqueue("echo", {"value": 1}, unique=Unique("mailbox:1"))
    assert services.enqueue("add", {"a": 1, "b": 2}, unique=Unique("mailbox:1")).pk != first.pk


def test_a_retry_keeps_its_running_slot() -> None:
    first = services.enqueue("echo", {"value": 1}, unique=Unique("mailbox:1", "running"))
    lifecycle.retry(take(first), BROKEN)
    assert services.enqueue("echo", {"value": 2}, unique=Unique("mailbox:1", "running")).pk == first.pk


def test_running_again_is_refused_while_another_is_busy() -> None:
    first = services.enqueue("echo", {"value": 1}, unique=Unique("mailbox:1"))
    services.cancel(first.pk, by="tests")
    second = services.enqueue("echo", {"value": 2}, unique=Unique("mailbox:1"))
    with pytest.raises(Busy) as refusal:
        services.retry(first.pk, by="tests")
    assert refusal.value.holder == str(second.pk)
    assert row(first.pk).status == JobStatus.CANCELLED


def test_the_latest_arguments_replace_those_of_the_waiting_job() -> None:
    first = services.enqueue("echo", {"value": 1}, unique=Unique("mailbox:1", "latest"))
    second = services.enqueue("echo", {"value": 2}, unique=Unique("mailbox:1", "latest"))
    assert second.pk == first.pk
    assert row(first.pk).arguments == {"value": 2}


def test_of_the_latest_one_runs_and_one_waits() -> None:
    running = services.enqueue("echo", {"value": 1}, unique=Unique("mailbox:1", "latest"))
    claim = take(running)
    waiting = services.enqueue("echo", {"value": 2}, unique=Unique("mailbox:1", "latest"))
    assert waiting.pk != running.pk
    assert lifecycle.claim(waiting.pk, THERE, claim.token) is None
    lifecycle.complete([(claim, "null")])
    assert lifecycle.ring_due("email", 10)[0].id == waiting.pk
    assert take(row(waiting.pk), THERE).attempt == 1


def test_a_retry_of_the_latest_yields_to_the_one_that_waits() -> None:
    running = services.enqueue("echo", {"value": 1}, unique=Unique("mailbox:1", "latest"))
    claim = take(running)
    waiting = services.enqueue("echo", {"value": 2}, unique=Unique("mailbox:1", "latest"))
    lifecycle.retry(claim, BROKEN)
    ended = row(running.pk)
    assert (ended.status, ended.reason) == (JobStatus.CANCELLED, f"superseded by {waiting.pk}")


def test_the_next_slice_of_the_latest_goes_before_the_one_that_waits() -> None:
    running = services.enqueue("echo", {"value": 1}, unique=Unique("mailbox:1", "latest"))
    claim = take(running)
    waiting = services.enqueue("echo", {"value": 2}, unique=Unique("mailbox:1", "latest"))
    lifecycle.snooze(claim, 0, "next slice")
    assert lifecycle.claim(waiting.pk, THERE, claim.token) is None
    assert take(row(running.pk), HERE).attempt == 2


@pytest.mark.parametrize("unique", [Unique(""), Unique("x" * 201), Unique("a\x00"), Unique("a", 0)])
def test_a_key_or_period_that_cannot_be_is_refused(unique: Unique) -> None:
    with pytest.raises(Refused, match="unique"):
        services.enqueue("echo", {"value": 1}, unique=unique)


def test_jobs_without_a_key_do_not_meet() -> None:
    assert put().pk != put().pk
