"""Chains and links: each next step is a job, made by the transaction that settles the one before."""

import json
import uuid
from typing import Any

import pytest
from celery import chain

from fikiri.celery import app
from jobs import executor, lifecycle
from jobs.errors import InvalidArguments
from jobs.models import Job
from jobs.testing import drain
from tests.jobs.states import THERE, in_state, result, row, take

pytestmark = pytest.mark.django_db


def task(name: str) -> Any:
    return app.tasks[name]


def run_all() -> list[Job]:
    """Run what is due; all jobs in order of their making."""
    drain(check=False)
    return list(Job.objects.order_by("created_at", "id"))


def test_each_step_of_a_chain_gets_the_answer_of_the_one_before() -> None:
    answer = chain(task("add").s(1, 2), task("add").s(10), task("echo").s())()
    assert Job.objects.count() == 1
    jobs = run_all()
    assert [(job.task, job.arguments) for job in jobs] == [
        ("add", {"a": 1, "b": 2}),
        ("add", {"a": 3, "b": 10}),
        ("echo", {"value": 13}),
    ]
    assert answer.get() == 13
    assert answer.parent.parent.get() == 3


def test_the_steps_of_a_chain_are_children_of_the_one_before() -> None:
    chain(task("add").s(1, 2), task("echo").s())()
    first, second = run_all()
    assert (second.parent_id, second.correlation_id) == (first.pk, first.correlation_id)


def test_an_immutable_step_takes_its_own_arguments() -> None:
    chain(task("add").s(1, 2), task("echo").si("mine"))()
    assert run_all()[-1].arguments == {"value": "mine"}


def test_a_step_keeps_its_own_options() -> None:
    chain(task("add").s(1, 2), task("echo").s().set(countdown=60, priority=1))()
    last = run_all()[-1]
    assert (last.task, last.priority, last.run_at > last.created_at) == ("echo", 1, True)


def test_a_chain_stops_at_a_step_that_fails() -> None:
    chain(task("add").s(1, 2), task("answer").si("fail"), task("echo").s())()
    jobs = run_all()
    assert [(job.task, job.status) for job in jobs] == [("add", "completed"), ("answer", "failed")]


def test_a_chain_goes_on_once_its_failed_step_is_run_again() -> None:
    chain(task("answer").si("fail"), task("echo").si(1))()
    [failed] = run_all()
    Job.objects.filter(pk=failed.pk).update(arguments={"with_": ""})
    lifecycle.replay(failed.pk, by="ann", reason="")
    assert [job.status for job in run_all()] == ["completed", "completed"]


def test_a_link_runs_after_success_with_the_answer() -> None:
    task("add").apply_async((1, 2), link=task("echo").s())
    jobs = run_all()
    assert [job.arguments for job in jobs] == [{"a": 1, "b": 2}, {"value": 3}]


def test_every_link_runs() -> None:
    task("add").apply_async((1, 2), link=[task("echo").s(), task("add").s(5)])
    assert sorted(job.task for job in run_all()) == ["add", "add", "echo"]


def test_a_link_of_a_failed_job_does_not_run() -> None:
    task("answer").apply_async(("fail",), link=task("echo").s())
    assert [job.status for job in run_all()] == ["failed"]


@pytest.mark.parametrize("with_", ["fail", "reject"])
def test_a_failed_jobs_error_link_runs(with_: str) -> None:
    task("answer").apply_async((with_,), link_error=task("echo").si("it failed"))
    assert [job.task for job in run_all()] == ["answer", "echo"]


def test_a_superseded_attempt_makes_no_next_step() -> None:
    answer = task("add").apply_async((1, 2), link=task("echo").s())
    claim = executor.take(uuid.UUID(answer.id))
    assert claim is not None
    lifecycle.release(claim.id, claim.identity.name, claim.identity.pid, "presumed dead")
    take(row(claim.id), THERE)
    executor.run_claimed(claim)
    assert Job.objects.count() == 1


def test_a_step_that_its_predecessors_answer_does_not_fit_fails_the_predecessor() -> None:
    chain(task("echo").s("three"), task("add").s(1))()
    [job] = run_all()
    assert (job.status, job.reason) == ("failed", "what was to follow it is refused")
    assert "add: a: Input should be a valid integer" in job.error


@pytest.mark.parametrize("value", [object(), "a\x00b", "\ud800", "x" * 70_000], ids=["object", "nul", "half", "large"])
def test_what_no_step_could_take_is_refused_at_once(value: Any) -> None:
    with pytest.raises(InvalidArguments):
        chain(task("add").s(1, 2), task("echo").si(value))()
    with pytest.raises(InvalidArguments):
        task("add").apply_async((1, 2), link=task("echo").si(value))
    assert not Job.objects.exists()


def test_an_atomic_step_makes_the_next_in_its_own_transaction() -> None:
    chain(task("rename_user").si("ann", "bob"), task("echo").s())()
    jobs = run_all()
    assert [(job.task, job.status) for job in jobs] == [("rename_user", "completed"), ("echo", "completed")]
    assert json.loads(result(jobs[-1].pk).result) == "bob"


def test_what_follows_is_not_lost_by_a_retry() -> None:
    job = in_state("retrying", workflow={"chain": [], "link": [dict(task("echo").si(1))], "link_error": []})
    assert row(job.pk).workflow is not None
    Job.objects.filter(pk=job.pk).update(status="pending", run_at=job.created_at)
    assert [one.status for one in run_all()] == ["completed", "completed"]
