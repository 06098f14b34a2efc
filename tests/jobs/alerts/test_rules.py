"""What is worth an alert, and what is not."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from jobs.alerts import rules, tasks
from jobs.clock import Now
from jobs.models import Canary, Effect, QueueControl, Slice, WorkerBeat
from jobs.statistics import BOUNDS
from tests.jobs import wellness
from tests.jobs.states import alter, in_state, put

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def worker() -> None:
    """One for all queues."""
    wellness.worker()


def seen() -> set[tuple[str, str]]:
    return {(sight.rule, sight.subject) for sight in rules.look()}


def ended(queue: str, outcome: str, jobs: int, seconds: float = 1) -> None:
    totals = [0] * (len(BOUNDS) + 1)
    totals[BOUNDS.index(seconds)] = jobs
    Slice.objects.create(at=Now(-60), queue=queue, task="t", outcome=outcome, jobs=jobs, totals=totals)


def test_where_all_is_well_there_is_nothing_to_see() -> None:
    put()
    ended("email", "completed", 100)
    assert seen() == set()


def test_a_dead_job_is_seen_for_ten_minutes() -> None:
    job = in_state("dead")
    assert seen() == {("dead", "email")}
    alter(job, finished_at=Now(-rules.WINDOW - 1))
    assert seen() == set()


def test_a_dead_alert_alerts_nobody() -> None:
    in_state("dead", task=tasks.name_of("webhook", "crm"), queue="crm")
    assert seen() == set()


def test_a_doubt_is_seen_until_it_is_resolved() -> None:
    job = in_state("in_doubt")
    assert seen() == {("in_doubt", "email")}
    Effect.objects.filter(job=job).update(status="failed")
    assert seen() == set()


def test_a_due_job_that_has_waited_long_is_seen_unless_its_queue_is_paused() -> None:
    alter(put(), run_at=Now(-301))
    assert seen() == {("queue_age", "email")}
    QueueControl.objects.create(name="email", paused=True)
    assert seen() == set()


def test_a_queue_without_a_worker_is_seen() -> None:
    WorkerBeat.objects.update(queues=["email", "crm"])
    assert seen() == {("no_worker", "ai")}


def test_a_queue_whose_workers_take_nothing_is_seen() -> None:
    Canary.objects.create(queue="ai", job_id=uuid.uuid4(), asked_at=Now(-60), silent_since=Now(-45))
    assert seen() == {("silent", "ai")}


@pytest.mark.parametrize(("failed", "is_seen"), [(5, False), (6, True)])
def test_failures_are_seen_above_their_share(failed: int, is_seen: bool) -> None:
    ended("crm", "completed", 100 - failed)
    ended("crm", "dead", failed)
    assert (("failures", "crm") in seen()) is is_seen


@pytest.mark.parametrize(("slow", "seconds", "is_seen"), [(6, 60, False), (5, 120, False), (6, 120, True)])
def test_slowness_is_seen_when_more_than_one_in_twenty_took_too_long(slow: int, seconds: float, is_seen: bool) -> None:
    ended("ai", "completed", 100 - slow)
    ended("ai", "cancelled", slow, seconds)
    assert (("slow", "ai") in seen()) is is_seen


def test_a_share_of_few_jobs_says_nothing() -> None:
    ended("crm", "dead", rules.FEW - 1, 600)
    assert seen() == set()


def test_a_look_asks_as_often_of_a_full_ledger_as_of_an_empty_one(
    django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    for _ in range(30):
        in_state("dead")
        in_state("in_doubt")
        alter(put(), run_at=Now(-1_000))
    with django_assert_max_num_queries(12):
        assert {"dead", "queue_age"} <= {rule for rule, _ in seen()}
