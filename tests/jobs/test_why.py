"""Each gate that may keep a job from running is named when it does, and only then."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import redis as redis_client
from django.core.management import CommandError, call_command

from jobs import broker, lifecycle, services, strangers, why
from jobs.clock import Now
from jobs.models import Canary, Job, Lease, WorkerBeat
from tests.jobs import wellness
from tests.jobs.states import alter, in_state, put, row, running

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def all_is_well(redis: redis_client.Redis) -> Iterator[None]:
    """A broker, a dispatcher, and one worker with two slots."""
    broker.reset()
    wellness.dispatcher()
    wellness.worker(["email"])
    yield
    broker.reset()


def gate(job: Job) -> str | None:
    found = why.explain(row(job.pk)).in_the_way
    return found.name if found else None


def remedy(job: Job) -> str:
    found = why.explain(job).in_the_way
    assert found
    return found.remedy


def test_a_job_with_nothing_in_its_way_is_taken_at_any_moment() -> None:
    found = why.explain(put())
    assert (found.in_the_way, found.ahead) == (None, 0)
    assert "at any moment" in found.text
    assert not any(gate.shut for gate in found.gates)


def test_a_delayed_job_waits_for_its_time() -> None:
    job = put(delay=7230)
    found = why.explain(job)
    assert (gate(job), found.ahead) == ("time", None)
    assert "in 2 h" in found.text


def test_a_job_that_failed_waits_for_its_retry() -> None:
    job = in_state("retrying")
    assert gate(job) == "time"
    assert "after a failure (ValueError)" in why.explain(job).text


def test_a_paused_queue_is_named_with_who_and_why() -> None:
    services.pause(queue="email", by="ann", reason="provider is down")
    job = put()
    found = why.explain(job).in_the_way
    assert found
    assert (found.name, found.remedy, found.detail) == ("queue_paused", "Resume the queue.", {"by": "ann"})
    assert "provider is down" in found.text


def test_a_paused_task_is_named() -> None:
    job = put()
    services.pause(task="echo", by="ann")
    assert gate(job) == "task_paused"


def test_a_resumed_queue_is_in_nobodys_way() -> None:
    services.pause(queue="email", by="ann")
    services.resume(queue="email", by="ann")
    assert gate(put()) is None


def test_a_keep_latest_job_waits_for_the_one_that_runs() -> None:
    first = running(unique_key="k", unique_scope="latest", unique_slot="k:waiting")
    job = put(unique_key="k", unique_scope="latest", unique_slot="k:waiting")
    found = why.explain(job).in_the_way
    assert found
    assert (found.name, found.detail["holder"]) == ("unique", str(first.id))


@pytest.mark.parametrize("changes", [{"queues": ["ai"]}, {"beat_at": Now(-600)}, {"stopping": True}])
def test_a_queue_without_a_worker_is_named(changes: dict[str, Any]) -> None:
    WorkerBeat.objects.update(**changes)
    job = put()
    assert (gate(job), remedy(job)) == ("no_worker", "Start one: manage.py worker email")


def test_workers_that_take_nothing_are_named() -> None:
    Canary.objects.create(queue="email", silent_since=Now(-60))
    assert gate(put()) == "silent"


def test_a_broker_that_is_away_is_named(no_broker: None) -> None:
    assert gate(put()) == "broker"


def test_a_missing_dispatcher_is_named_only_while_no_worker_was_told() -> None:
    Lease.objects.update(until=Now(-1))
    job = put()
    assert gate(job) == "doorbell"
    assert gate(alter(job, rung_at=Now())) is None


def test_a_task_that_its_worker_does_not_know_is_named() -> None:
    job = put()
    lifecycle.leave(job.pk, f"worker@old {strangers.UNKNOWN} echo: left for another")
    assert gate(job) == "unknown_task"
    assert why.explain(row(job.pk)).text == "worker@old does not know task echo: left for another."


def test_busy_slots_are_named_with_what_holds_them() -> None:
    running(task="greet")
    job = put()
    assert gate(job) is None
    running(task="greet")
    found = why.explain(job).in_the_way
    assert found
    assert (found.name, found.detail["tasks"], len(found.detail["longest"])) == ("slots", {"greet": 2}, 2)


def test_the_place_in_the_queue_counts_who_goes_first() -> None:
    put(priority=1)
    put(priority=9)
    put(queue="ai")
    put(delay=60)
    older = put()
    job = put()
    assert (why.explain(older).ahead, why.explain(job).ahead) == (1, 2)


def test_the_estimate_comes_of_what_ended_lately() -> None:
    put(priority=1)
    job = put()
    assert why.explain(job).estimate is None
    for _ in range(3):
        in_state("completed")
    assert why.explain(job).estimate == 100


@pytest.mark.parametrize(
    ("status", "name", "text"),
    [
        ("processing", None, "It runs now, on worker@here"),
        ("completed", None, "It has ended: completed."),
        ("dead", "ended", "It has ended: dead (it broke)."),
        ("cancelled", "ended", "It has ended: cancelled (nothing to do)."),
        ("in_doubt", "in_doubt", "a person's word"),
    ],
)
def test_a_job_that_does_not_wait_is_explained(status: str, name: str | None, text: str) -> None:
    job = in_state(status)
    assert gate(job) == name
    assert text in why.explain(job).text


def test_the_command_tells_people() -> None:
    job = put(queue="ai")
    told = StringIO()
    call_command("why", str(job.pk), stdout=told)
    lines = told.getvalue().splitlines()
    assert lines[:2] == ["No worker takes jobs from queue ai.", "Start one: manage.py worker ai"]
    assert any(line.startswith("  shut  no_worker") for line in lines)


def test_the_command_tells_programs() -> None:
    told = StringIO()
    call_command("why", str(put(queue="ai").pk), "--json", stdout=told)
    assert json.loads(told.getvalue())["in_the_way"]["name"] == "no_worker"


def test_the_command_refuses_an_unknown_job() -> None:
    with pytest.raises(CommandError, match="no job"):
        call_command("why", "nobody")
