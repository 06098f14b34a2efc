from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import DjangoAssertNumQueries
from rest_framework.test import APIClient

from jobs.models import Job
from tests.jobs.api import states


def ids(client: APIClient, query: str = "") -> list[str]:
    response = client.get(f"/api/jobs{query}")
    assert response.status_code == 200, response.json()
    return [job["job_id"] for job in response.json()["data"]["jobs"]]


def test_a_user_lists_their_own_jobs_newest_first(as_owner: APIClient, owner: User, other: User) -> None:
    mine = [str(states.waiting(owner.pk).pk) for _ in range(3)]
    states.waiting(other.pk)
    states.waiting(None)
    assert ids(as_owner) == mine[::-1]


def test_staff_list_all_jobs(as_staff: APIClient, owner: User) -> None:
    made = {str(states.waiting(owner.pk).pk), str(states.waiting(None).pk)}
    assert set(ids(as_staff)) == made


def test_pages_follow_each_other_without_gap_or_repeat(as_owner: APIClient, owner: User) -> None:
    made = [str(states.waiting(owner.pk).pk) for _ in range(5)]
    Job.objects.update(created_at=Job.objects.earliest("created_at").created_at)  # the id decides between equals
    seen, query = [], "?limit=2"
    while query:
        data = as_owner.get(f"/api/jobs{query}").json()["data"]
        seen += [job["job_id"] for job in data["jobs"]]
        query = f"?limit=2&cursor={data['next']}" if data["next"] else ""
    assert seen == made[::-1]


def test_a_job_that_arrives_between_pages_moves_nothing(as_owner: APIClient, owner: User) -> None:
    first, second = states.waiting(owner.pk), states.waiting(owner.pk)
    cursor = as_owner.get("/api/jobs?limit=1").json()["data"]["next"]
    states.waiting(owner.pk)
    assert cursor == str(second.pk)
    assert ids(as_owner, f"?cursor={cursor}") == [str(first.pk)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?status=dead", {"dead"}),
        ("?status=dead,pending", {"dead", "waiting", "user"}),
        ("?task=tests.greet_user", {"user"}),
        ("?queue=crm&status=completed", {"done"}),
        ("?queue=ai", set()),
        ("?correlation_id=order-7", {"done"}),
    ],
)
def test_filters_narrow_the_list(as_owner: APIClient, owner: User, query: str, expected: set[str]) -> None:
    made: dict[str, Job] = {
        "waiting": states.waiting(owner.pk),
        "dead": states.dead(owner.pk),
        "done": states.completed(owner.pk, correlation_id="order-7"),
        "user": states.waiting(owner.pk, task="tests.greet_user", args={"user_id": owner.pk}),
    }
    assert set(ids(as_owner, query)) == {str(made[name].pk) for name in expected}


def test_children_are_listed_by_their_parent(as_owner: APIClient, owner: User) -> None:
    parent, child = states.waiting(owner.pk), states.waiting(owner.pk)
    Job.objects.filter(pk=child.pk).update(parent_id=parent.pk)
    assert ids(as_owner, f"?parent_id={parent.pk}") == [str(child.pk)]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?status=lost", "status"),
        ("?queue=mail", "queue"),
        ("?limit=0", "limit"),
        ("?limit=201", "limit"),
        ("?limit=ten", "limit"),
        (f"?limit={'9' * 30}", "limit"),
        ("?cursor=x", "cursor"),
        (f"?cursor={uuid.UUID(int=7)}", "cursor"),
        ("?stauts=dead", "stauts"),
        ("?task=%00", "task"),
        ("?user_id=-1", "user_id"),
        ("?user_id=%D9%A3", "user_id"),
        (f"?user_id={2**63}", "user_id"),
    ],
)
def test_a_wrong_parameter_is_named(as_staff: APIClient, query: str, field: str) -> None:
    response = as_staff.get(f"/api/jobs{query}")
    assert (response.status_code, response.json()["field"]) == (400, field)


def test_a_long_list_takes_as_many_queries_as_a_short_one(
    as_owner: APIClient, owner: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(12):
        states.completed(owner.pk, result={"n": 1})
    with django_assert_num_queries(5):  # session, user, roles, how far back, jobs
        assert len(ids(as_owner)) == 12


def recent(client: APIClient, user_id: Any, query: str = "") -> Any:
    response = client.get(f"/api/jobs/user/{user_id}/recent{query}")
    assert response.status_code == 200, response.json()
    return response.json()["data"]


def test_recent_jobs_have_the_old_platforms_shape(as_owner: APIClient, owner: User) -> None:
    jobs = [states.waiting(owner.pk), states.dead(owner.pk)]
    data = recent(as_owner, owner.pk)
    assert data.keys() == {"user_id", "jobs", "count"}
    assert (data["user_id"], data["count"]) == (owner.pk, 2)
    assert [job["job_id"] for job in data["jobs"]] == [str(job.pk) for job in reversed(jobs)]


def test_recent_jobs_are_limited(as_owner: APIClient, owner: User) -> None:
    newest = [states.waiting(owner.pk) for _ in range(3)][-1]
    assert [job["job_id"] for job in recent(as_owner, owner.pk, "?limit=1")["jobs"]] == [str(newest.pk)]


def test_staff_see_anybodys_recent_jobs_also_nobodys(as_staff: APIClient, owner: User) -> None:
    states.waiting(owner.pk)
    assert recent(as_staff, owner.pk)["count"] == 1
    assert recent(as_staff, 999_999)["count"] == 0


@pytest.mark.parametrize("user_id", ["abc", "-1", "1.5", str(2**63), "9" * 400, "%00", "²"])
def test_a_user_id_that_is_none_is_named(as_staff: APIClient, user_id: str) -> None:
    response = as_staff.get(f"/api/jobs/user/{user_id}/recent")
    assert (response.status_code, response.json()["field"]) == (400, "user_id")


@pytest.mark.parametrize("limit", ["0", "101", "x", "-5", ""])
def test_a_limit_of_recent_jobs_that_is_none_is_named(as_owner: APIClient, owner: User, limit: str) -> None:
    response = as_owner.get(f"/api/jobs/user/{owner.pk}/recent?limit={limit}")
    assert (response.status_code, response.json()["field"]) == (400, "limit")
