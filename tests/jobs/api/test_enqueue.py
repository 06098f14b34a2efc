from __future__ import annotations

import json
from typing import Any, cast

import pytest
from django.contrib.auth.models import Permission, User
from django.http import HttpResponse
from rest_framework.test import APIClient

from jobs.models import Job
from tests.jobs.api import states


def post(client: APIClient, body: Any) -> HttpResponse:
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return cast("HttpResponse", client.generic("POST", "/api/jobs", cast("str", text), "application/json"))


@pytest.fixture
def as_enqueuer(as_owner: APIClient, owner: User) -> APIClient:
    owner.user_permissions.add(Permission.objects.get(content_type__app_label="jobs", codename="add_job"))
    return as_owner


def test_a_job_is_accepted_and_can_be_followed(as_staff: APIClient) -> None:
    response = post(as_staff, {"task": "tests.greet", "args": {"name": "Bob"}, "priority": 2, "max_retries": 1})
    data = json.loads(response.content)["data"]
    job = Job.objects.get(pk=data["job_id"])
    assert (response.status_code, response.headers["Location"]) == (202, f"/api/jobs/{job.pk}")
    assert (job.task, job.arguments, job.priority, job.max_retries) == ("tests.greet", {"name": "Bob"}, 2, 1)
    assert as_staff.get(response.headers["Location"]).status_code == 200


def test_an_own_id_seen_before_returns_the_same_job(as_staff: APIClient) -> None:
    bodies = [json.loads(post(as_staff, {"task": "tests.greet", "job_id": "order-7"}).content) for _ in range(2)]
    assert bodies[0]["data"]["job_id"] == bodies[1]["data"]["job_id"]
    assert Job.objects.count() == 1


def test_an_own_id_used_for_something_else_is_a_conflict(as_staff: APIClient) -> None:
    post(as_staff, {"task": "tests.greet", "job_id": "order-7"})
    response = post(as_staff, {"task": "tests.greet", "args": {"name": "Bob"}, "job_id": "order-7"})
    assert (response.status_code, json.loads(response.content)["code"]) == (409, "KEY_TAKEN")


def test_somebody_elses_own_id_tells_nothing_of_their_job(as_enqueuer: APIClient, other: User) -> None:
    states.waiting(other.pk, key="order-7")
    response = post(as_enqueuer, {"task": "tests.greet_user", "args": {}, "job_id": "order-7"})
    assert response.status_code == 400  # arguments come first
    response = post(as_enqueuer, {"task": "tests.greet", "args": {"name": "Eve"}, "job_id": "order-7"})
    assert response.status_code == 409
    assert b"tests.greet" not in response.content


def test_who_may_enqueue_owns_what_they_made(as_enqueuer: APIClient, owner: User) -> None:
    response = post(as_enqueuer, {"task": "tests.greet"})
    assert response.status_code == 202
    assert Job.objects.get().owner_id == owner.pk


@pytest.mark.parametrize("body", [{"args": {"user_id": 0}}, {"user_id": 0}, {"args": {"lead_data": {"user_id": 0}}}])
def test_who_may_enqueue_may_not_do_it_for_others(
    as_enqueuer: APIClient, owner: User, other: User, body: dict[str, Any]
) -> None:
    others = json.loads(json.dumps(body).replace(": 0", f": {other.pk}"))
    response = post(as_enqueuer, {"task": "tests.greet_user"} | others)
    assert (response.status_code, json.loads(response.content)["code"]) == (403, "UNAUTHORIZED")
    assert not Job.objects.exists()


def test_staff_enqueue_for_others(as_staff: APIClient, owner: User) -> None:
    post(as_staff, {"task": "tests.greet", "user_id": owner.pk})
    assert Job.objects.get().owner_id == owner.pk


def test_without_an_owner_it_is_the_systems(as_staff: APIClient) -> None:
    post(as_staff, {"task": "tests.greet"})
    assert Job.objects.get().owner_id is None


def test_a_job_is_enqueued_for_later(as_staff: APIClient) -> None:
    data = json.loads(post(as_staff, {"task": "tests.greet", "run_at": 4_000_000_000}).content)["data"]
    assert data["run_at"] == 4_000_000_000


def test_a_job_keeps_the_requests_correlation_id(as_staff: APIClient) -> None:
    body = {"task": "tests.greet"}
    as_staff.post("/api/jobs", body, format="json", headers={"X-Correlation-ID": "order-7"})
    assert Job.objects.get().correlation_id == "order-7"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "task"),
        ({"task": 5}, "task"),
        ({"task": ""}, "task"),
        ({"task": "no.such.task"}, "task"),
        ({"task": "a\x00b"}, "task"),
        ({"task": "tests.greet", "args": []}, "args"),
        ({"task": "tests.greet", "args": {"nmae": "x"}}, "args"),
        ({"task": "tests.greet", "args": {"times": "many"}}, "times"),
        ({"task": "tests.greet", "args": {"name": "a\x00b"}}, "name"),
        ({"task": "tests.greet", "args": {"name": "\ud800"}}, "name"),
        ({"task": "tests.greet", "args": {"name": "x" * 70_000}}, "name"),
        ({"task": "tests.greet", "delay": -1}, "delay"),
        ({"task": "tests.greet", "delay": "soon"}, "delay"),
        ({"task": "tests.greet", "delay": 10**400}, "delay"),
        ({"task": "tests.greet", "run_at": 10**30}, "run_at"),
        ({"task": "tests.greet", "priority": 10}, "priority"),
        ({"task": "tests.greet", "priority": True}, "priority"),
        ({"task": "tests.greet", "priority": 10**40}, "priority"),
        ({"task": "tests.greet", "max_retries": 1.5}, "max_retries"),
        ({"task": "tests.greet", "job_id": ""}, "job_id"),
        ({"task": "tests.greet", "job_id": "x" * 201}, "job_id"),
        ({"task": "tests.greet", "job_id": "\ud800"}, "job_id"),
        ({"task": "tests.greet", "user_id": 2**63}, "user_id"),
        ({"task": "tests.greet", "status": "completed"}, "status"),
        ([1, 2], "body"),
        ("5", "body"),
    ],
)
def test_what_is_wrong_is_named(as_staff: APIClient, body: Any, field: str) -> None:
    response = post(as_staff, body)
    answer = json.loads(response.content)
    assert (response.status_code, answer["success"], answer.get("field")) == (400, False, field)
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "body", ["{", b"\xff\xfe", "NaN", '{"task": Infinity}', "[" * 100_000, "[" * 80 + "]" * 80, "9" * 5000]
)
def test_what_is_not_json_is_refused(as_staff: APIClient, body: str | bytes) -> None:
    response = post(as_staff, body)
    assert (response.status_code, json.loads(response.content)["success"]) == (400, False)


def test_a_body_over_the_limit_is_refused(as_staff: APIClient) -> None:
    response = post(as_staff, {"task": "tests.greet", "args": {"name": "x" * 1_100_000}})
    assert (response.status_code, json.loads(response.content)["code"]) == (413, "REQUEST_TOO_LARGE")


def test_another_content_type_is_refused(as_staff: APIClient) -> None:
    response = as_staff.generic("POST", "/api/jobs", "task=tests.greet", "application/x-www-form-urlencoded")
    assert (response.status_code, response.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_body_in_chunks_is_not_taken_for_none(as_staff: APIClient) -> None:
    response = as_staff.post("/api/jobs", headers={"Transfer-Encoding": "chunked"})
    assert (response.status_code, response.json()["code"]) == (411, "LENGTH_REQUIRED")
