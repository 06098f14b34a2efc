"""Every address, asked by everybody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from knox.models import AuthToken
from rest_framework.test import APIClient

from tests.jobs.api import states
from tests.jobs.api.conftest import Login

# method, address, then the status for: nobody, the owner, another user, staff
MATRIX = [
    ("get", "/api/jobs/{job}", 401, 200, 404, 200),
    ("post", "/api/jobs/{job}/cancel", 401, 200, 404, 200),
    ("post", "/api/jobs/{dead}/retry", 401, 200, 404, 200),
    ("get", "/api/jobs", 401, 200, 200, 200),
    ("get", "/api/jobs?user_id={owner}", 401, 200, 403, 200),
    ("get", "/api/jobs?parent_id={job}", 401, 200, 404, 200),
    ("get", "/api/jobs?cursor={job}", 401, 200, 400, 200),
    ("post", "/api/jobs", 401, 403, 403, 202),
    ("get", "/api/jobs/user/{owner}/recent", 401, 200, 403, 200),
    ("get", "/api/jobs/queue/crm/stats", 401, 200, 200, 200),
]


@pytest.mark.parametrize(("method", "address", "nobody", "owners", "others", "staffs"), MATRIX)
def test_each_address_answers_each_caller(
    method: str, address: str, nobody: int, owners: int, others: int, staffs: int,
    owner: User, other: User, staff: User, logged_in: Login,
) -> None:  # fmt: skip
    expected = {None: nobody, other: others, owner: owners, staff: staffs}
    for caller, status in expected.items():
        job, dead = states.waiting(owner.pk), states.dead(owner.pk)
        path = address.format(job=job.pk, dead=dead.pk, owner=owner.pk)
        body = {"task": "tests.greet"} if path == "/api/jobs" else {}
        response = getattr(logged_in(caller), method)(path, body or None, format="json")
        assert (caller, response.status_code) == (caller, status)


def test_nobody_is_told_how_to_log_in(anonymous: APIClient) -> None:
    response = anonymous.get("/api/jobs")
    assert response.json()["code"] == "AUTHENTICATION_REQUIRED"
    assert response.headers["WWW-Authenticate"] == "Token"


def test_another_users_list_is_refused_as_unauthorized(as_other: APIClient, owner: User) -> None:
    body = as_other.get(f"/api/jobs/user/{owner.pk}/recent").json()
    assert (body["success"], body["code"]) == (False, "UNAUTHORIZED")


def test_a_list_of_a_user_who_does_not_exist_is_refused_alike(as_other: APIClient, owner: User) -> None:
    theirs = as_other.get(f"/api/jobs/user/{owner.pk}/recent")
    nobodys = as_other.get("/api/jobs/user/999999/recent")
    assert (nobodys.status_code, nobodys.json()) == (theirs.status_code, theirs.json())


def test_a_token_is_as_good_as_a_session(anonymous: APIClient, owner: User) -> None:
    job = states.waiting(owner.pk)
    _, token = AuthToken.objects.create(owner)
    anonymous.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert anonymous.get(f"/api/jobs/{job.pk}").status_code == 200


@pytest.mark.parametrize("header", ["Token", "Token wrong", "Token a b", "Token \xff", "Token " + "x" * 5000])
def test_a_token_that_is_none_is_refused(anonymous: APIClient, header: str) -> None:
    anonymous.credentials(HTTP_AUTHORIZATION=header)
    assert anonymous.get("/api/jobs").status_code == 401


def test_an_expired_token_is_refused(anonymous: APIClient, owner: User) -> None:
    _, token = AuthToken.objects.create(owner, expiry=timedelta(seconds=-1))
    anonymous.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert anonymous.get("/api/jobs").status_code == 401


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_a_session_needs_a_csrf_token_to_change_anything(owner: User, verb: str) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(owner)
    job = states.waiting(owner.pk)
    response = client.post(f"/api/jobs/{job.pk}/{verb}")
    job.refresh_from_db()
    assert (response.status_code, response.json()["code"], job.status) == (403, "CSRF_FAILED", "pending")


def test_a_token_needs_no_csrf_token(owner: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    _, token = AuthToken.objects.create(owner)
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert client.post(f"/api/jobs/{states.waiting(owner.pk).pk}/cancel").status_code == 200


def test_no_answer_is_kept_on_its_way(as_owner: APIClient) -> None:
    assert "no-store" in as_owner.get("/api/jobs").headers["Cache-Control"]


def test_posting_to_an_address_that_there_is_not_is_answered_like_reading_it() -> None:
    response = APIClient(enforce_csrf_checks=True).post("/api/batches/null/cancel")
    assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")
