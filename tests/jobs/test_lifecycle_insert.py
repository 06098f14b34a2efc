"""Writing jobs down."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from jobs import lifecycle
from jobs.models import Job
from tests.jobs.states import put, row, seconds_from_now, wish

pytestmark = pytest.mark.django_db


def test_a_new_job_is_pending_due_now_and_has_spent_nothing() -> None:
    job = put(arguments={"value": "ä🙂"}, owner_id=7, priority=2, correlation_id="c-1")
    assert (job.status, job.attempt, job.failures, job.deaths, job.orphaned) == ("pending", 0, 0, 0, 0)
    assert (job.arguments, job.owner_id, job.priority, job.correlation_id) == ({"value": "ä🙂"}, 7, 2, "c-1")
    assert job.run_at == job.created_at == job.dispatch_at
    assert (job.rung_at, job.rings, job.worker, job.error, job.reason) == (None, 0, "", "", "")


def test_the_answer_says_what_was_written_in_order() -> None:
    wishes = [wish(), wish(), wish(delay=60)]
    written = lifecycle.insert(wishes)
    assert [one.id for one in written] == [one.id for one in wishes]
    assert [one.due for one in written] == [True, True, False]
    assert [one.run_at for one in written] == [row(one.id).run_at for one in wishes]


def test_nothing_to_write_asks_nothing(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert lifecycle.insert([]) == []


def test_a_job_that_is_rung_now_gets_the_grace_before_the_dispatcher_rings() -> None:
    job = put(ring=True)
    assert job.dispatch_at == job.created_at + timedelta(seconds=60)
    assert (job.rung_at, job.rings) == (job.created_at, 1)


@pytest.mark.parametrize("ring", [True, False])
def test_a_delayed_job_is_rung_when_it_is_due_and_not_before(ring: bool) -> None:
    job = put(delay=90, ring=ring)
    assert job.dispatch_at == job.run_at
    assert seconds_from_now(job.run_at) == pytest.approx(90, abs=5)
    assert (job.rung_at, job.rings) == (None, 0)


def test_a_fraction_of_a_second_is_kept() -> None:
    job = put(delay=0.25)
    assert (job.run_at - job.created_at).total_seconds() == pytest.approx(0.25, abs=0.002)


@pytest.mark.parametrize(
    "moment", [datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC), datetime(2031, 5, 6, 7, 8, 9, 123000, UTC)]
)
def test_a_given_time_is_kept(moment: datetime) -> None:
    job = put(run_at=moment, delay=5)
    assert job.run_at == job.dispatch_at == moment


def test_a_given_time_in_the_past_is_due() -> None:
    [written] = lifecycle.insert([wish(run_at=datetime(2020, 1, 1, tzinfo=UTC))])
    assert written.due


def test_the_latest_start_is_counted_from_now() -> None:
    job = put(expires=30)
    assert job.expires_at == job.created_at + timedelta(seconds=30)


def test_a_key_is_written_once() -> None:
    first = put(key="sync:7")
    assert lifecycle.insert([wish(key="sync:7")]) == []
    assert Job.objects.get(key="sync:7").pk == first.pk


def test_a_key_is_written_once_within_one_statement_too() -> None:
    wishes = [wish(key="a"), wish(key="b"), wish(key="a")]
    assert [one.id for one in lifecycle.insert(wishes)] == [wishes[0].id, wishes[1].id]


def test_an_id_is_written_once() -> None:
    given = wish()
    assert len(lifecycle.insert([given])) == 1
    assert lifecycle.insert([given]) == []


def test_a_unique_slot_holds_one_job() -> None:
    put(unique_key="sync:7", unique_scope="running", unique_slot="sync:7")
    assert lifecycle.insert([wish(unique_slot="sync:7")]) == []


def test_a_thousand_jobs_take_one_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    wishes = [wish(arguments={"value": n}) for n in range(1000)]
    with django_assert_num_queries(1):
        assert len(lifecycle.insert(wishes)) == 1000


def test_what_follows_and_where_it_came_from_is_kept() -> None:
    parent = put()
    job = put(workflow={"chain": [], "link": [{"task": "echo"}]}, parent_id=parent.pk)
    assert (job.workflow, job.parent_id) == ({"chain": [], "link": [{"task": "echo"}]}, parent.pk)


@pytest.mark.parametrize(
    "value", ["\\u0000", '"; DROP TABLE jobs_job; --', "%(id)s %s", {"a": [None, True, 1.5, 2**60]}]
)
def test_arguments_come_back_as_they_went_in(value: object) -> None:
    assert put(arguments={"value": value}).arguments == {"value": value}


def test_a_rolled_back_transaction_leaves_no_job() -> None:
    given = wish()
    with transaction.atomic():
        lifecycle.insert([given])
        transaction.set_rollback(True)
    assert not Job.objects.filter(pk=given.id).exists()


def test_the_database_refuses_a_priority_that_does_not_exist() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        put(priority=10)


@pytest.mark.parametrize(
    "changes",
    [
        {"ring": True},
        {"delay": 60, "ring": True, "expires": 90},
        {"run_at": datetime(2031, 5, 6, 7, 8, 9, 123000, UTC), "priority": 0, "owner_id": 7},
        {"unique_key": "k", "unique_scope": "period", "workflow": {"link": [{"task": "echo"}]}, "max_retries": 0},
    ],
)
def test_one_alone_is_written_like_one_of_many(changes: dict[str, Any]) -> None:
    alone = put(**changes)
    lifecycle.insert(both := [wish(**changes), wish(**changes)])
    one_of_many = row(both[1].id)
    assert values_of(one_of_many) == values_of(alone)
    assert delays_of(one_of_many) == pytest.approx(delays_of(alone), abs=30)  # between the two writings


TIMES = ("run_at", "dispatch_at", "rung_at", "expires_at")


def values_of(job: Job) -> dict[str, Any]:
    own = ("id", "key", "created_at", *TIMES)
    values: dict[str, Any] = {**Job.objects.filter(pk=job.pk).values().get()}
    return {name: value for name, value in values.items() if name not in own}


def delays_of(job: Job) -> dict[str, float | None]:
    """Seconds from its making; None where there is no such time."""
    given = {name: getattr(job, name) for name in TIMES}
    return {name: time and (time - job.created_at).total_seconds() for name, time in given.items()}
