"""What a job keeps for its next attempt."""

import uuid
from datetime import date
from typing import Any

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from jobs import context, lifecycle, prune, services
from jobs.clock import Now
from jobs.errors import Cancelled, InvalidArguments, Superseded
from jobs.lifecycle import Claim
from jobs.models import Checkpoint, Job
from jobs.testing import run_job
from tests.jobs.states import HERE, THERE, alter, ended, result, row, running, take

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("jobs_clock")]


def copy(pages: int, *trouble: str, **options: Any) -> Job:
    """A job that copies pages, run once."""
    return again(services.enqueue("copy_pages", {"pages": pages, "trouble": trouble}, **options))


def again(job: Job) -> Job:
    return run_job(job)


@pytest.mark.parametrize("trouble", ["error", "retry", "snooze", "soft limit", "exit"])
def test_the_next_attempt_goes_on_where_the_last_one_was(trouble: str) -> None:
    job = again(copy(4, trouble))
    assert (job.status, job.attempt, result(job.pk).result) == ("completed", 2, "[1, 2, 3]")


def test_an_attempt_whose_process_died_leaves_its_checkpoint() -> None:
    claim = running(task="copy_pages", arguments={"pages": 3})
    with context.running(claim):
        context.checkpoint(2)
    lifecycle.rescue(row(claim.id), "its process died", died=True)
    assert (again(row(claim.id)).status, result(claim.id).result) == ("completed", "[2]")


def test_a_job_run_again_by_hand_goes_on_too() -> None:
    job = copy(3, "fail")
    services.retry(job.pk, by="ann")
    assert (again(job).status, result(job.pk).result) == ("completed", "[1, 2]")


def test_a_job_run_afresh_begins_at_the_start() -> None:
    job = copy(3, "fail")
    services.retry(job.pk, by="ann", afresh=True)
    assert (again(job).status, result(job.pk).result) == ("completed", "[0, 1, 2]")
    assert job.events.get(kind="retry").detail["afresh"] is True


@pytest.mark.parametrize("value", [0, "", None, [1, None, "ä\x00🙂"], {"page": {"token": "x" * 100}}, 10**30])
def test_a_value_comes_back_as_json_gives_it(value: Any) -> None:
    with context.running(running()):
        context.checkpoint({"first": 1})
        context.checkpoint(value)
        assert context.resume("nothing") == value


@pytest.mark.parametrize(
    ("value", "field", "words"),
    [
        (object(), "checkpoint", "not JSON"),
        ({"page": 1, "since": date(2026, 1, 2)}, "checkpoint.since", "date is not JSON"),
        (float("nan"), "checkpoint", "not JSON"),
        ("x" * 65_536, "checkpoint", "65,538 bytes, the limit is 65,536"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_name(value: object, field: str, words: str) -> None:
    with context.running(running()), pytest.raises(InvalidArguments, match=words) as refused:
        context.checkpoint(value)
    assert refused.value.field == field


def test_an_atomic_task_keeps_none_since_it_would_be_undone() -> None:
    claim = running(task="rename_user", queue="crm")
    with context.running(claim), pytest.raises(InvalidArguments, match="without atomic=True"):
        context.checkpoint(1)


def test_only_the_attempt_that_owns_the_job_may_keep() -> None:
    old = running()
    lifecycle.release(old.id, HERE.name, HERE.pid, "presumed dead")
    new = take(row(old.id), THERE)
    keep(new, "new")
    with pytest.raises(Superseded):
        keep(old, "old")
    assert Checkpoint.objects.values_list("value", "attempt").get() == ('"new"', 2)


@pytest.mark.parametrize("status", ["completed", "cancelled", "in_doubt"])
def test_nothing_is_kept_for_a_job_that_has_ended(status: str) -> None:
    job = ended(status)
    with pytest.raises(Superseded):
        keep(claim_like(job), 1)
    assert not Checkpoint.objects.exists()


def test_a_cancel_is_noticed_after_the_value_was_kept() -> None:
    claim = running()
    lifecycle.cancel(claim.id, by="ann", reason="")
    with pytest.raises(Cancelled):
        keep(claim, 7)
    assert lifecycle.kept(claim.id) == "7"


def test_what_a_transaction_undoes_is_not_kept() -> None:
    with context.running(running()):
        context.checkpoint(1)
        with transaction.atomic():
            context.checkpoint(2)
            transaction.set_rollback(True)
        assert context.resume() == 1


def test_outside_a_job_nothing_is_kept() -> None:
    context.checkpoint(object())
    assert (context.resume(), context.resume(3)) == (None, 3)


def test_it_goes_with_its_job() -> None:
    claim = running()
    keep(claim, 1)
    lifecycle.complete([(claim, "null")])
    alter(row(claim.id), finished_at=Now(-(10**8)))
    assert prune.run_once() == 1
    assert not Checkpoint.objects.exists()


def test_a_job_that_keeps_nothing_pays_nothing(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with context.running(running()), django_assert_num_queries(0):
        assert context.current() is not None


def keep(claim: Claim, value: object) -> None:
    with context.running(claim):
        context.checkpoint(value)


def claim_like(job: Job) -> Claim:
    """What an attempt that has been settled still holds in its hands."""
    return Claim(
        job.pk, uuid.uuid4(), 1, 0, 3, job.task, job.queue, {}, None, "test", None, None, 285, 300, identity=HERE
    )
