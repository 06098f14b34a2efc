"""Many waiting jobs ended at once end as one does."""

from datetime import datetime
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from jobs import events, lifecycle
from jobs.clock import Now
from jobs.models import Job, JobEvent
from tests.jobs.states import alter, everything, in_state, put, row, seconds_from_now

pytestmark = pytest.mark.django_db

SCOPES: list[dict[str, Any]] = [
    {},
    {"unique_scope": "waiting", "unique_key": "k", "unique_slot": "k"},
    {"unique_scope": "running", "unique_key": "k", "unique_slot": "k"},
    {"unique_scope": "latest", "unique_key": "k", "unique_slot": "k:waiting"},
    {"unique_scope": "period", "unique_key": "k", "unique_slot": "k@1"},
]


def timeless(value: Any) -> Any:
    """What differs only from job to job, out of the way."""
    if isinstance(value, dict):
        own = ("id", "task_id", "job_id", "correlation_id", "unique_slot")
        return {name: timeless(one) for name, one in value.items() if name not in own} | {
            "slot": bool(value.get("unique_slot"))
        }
    if isinstance(value, list):
        return [timeless(one) for one in value]
    return "a time" if isinstance(value, datetime) else value


def after(job: Job) -> Any:
    noted = JobEvent.objects.filter(job=job).values("kind", "by")
    return timeless(everything(job.pk) | {"events": list(noted)})


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope.get("unique_scope", "free"))
@pytest.mark.parametrize("status", ["pending", "retrying"])
def test_a_cleared_job_is_like_a_cancelled_one(status: str, scope: dict[str, Any]) -> None:
    one = in_state(status, **scope)
    lifecycle.cancel(one.pk, by="ann", reason="queue cleared by ann")
    alter(one, unique_slot=None)
    alter(one, unique_slot="kept" if scope.get("unique_scope") == "period" else None)
    many = in_state(status, **scope)
    assert lifecycle.cancel_waiting("email", 10, by="ann") == 1
    assert after(many) == after(one)


def test_a_cleared_jobs_result_says_so_though_it_had_another() -> None:
    job = in_state("retrying")
    lifecycle.cancel_waiting("email", 10, by="ann")
    assert everything(job.pk)["result"]["status"] == "REVOKED"


def test_each_cleared_job_is_announced() -> None:
    jobs, heard = [put() for _ in range(3)], []

    def hear(*, job: Job, status: str, **_: Any) -> None:
        heard.append((job.pk, status))

    events.job_settled.connect(hear)
    lifecycle.cancel_waiting("email", 10, by="ann")
    events.job_settled.disconnect(hear)
    assert sorted(heard) == sorted((job.pk, "cancelled") for job in jobs)


def test_the_one_behind_a_cleared_job_is_rung() -> None:
    put(unique_scope="latest", unique_key="k")
    behind = put(queue="ai", unique_scope="latest", unique_key="k", unique_slot="k:waiting")
    alter(behind, dispatch_at=Now(60))
    lifecycle.cancel_waiting("email", 10, by="ann")
    assert seconds_from_now(row(behind.pk).dispatch_at) <= 0


def test_fifty_jobs_are_cleared_in_a_few_statements(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(50):
        put()
    with django_assert_num_queries(6):  # two of them a savepoint's
        assert lifecycle.cancel_waiting("email", 200, by="ann") == 50


def test_jobs_that_were_not_started_in_time_end_together(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    jobs = [alter(put(expires=5), expires_at=Now(-1)) for _ in range(20)]
    with django_assert_num_queries(5):
        assert lifecycle.expire_overdue() == 20
    assert {row(job.pk).status for job in jobs} == {"expired"}
