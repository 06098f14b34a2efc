"""A post under an Idempotency-Key is done once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from jobs.clock import Now
from jobs.models import IdempotencyKey, Job
from tests.jobs.api import states

TASK = {"task": "tests.greet"}


def post(client: APIClient, path: str = "/api/jobs", body: Any = None, key: str = "k-1") -> Any:
    return client.post(path, TASK if body is None else body, format="json", HTTP_IDEMPOTENCY_KEY=key)


def test_the_same_again_gets_the_same_answer_and_does_nothing(as_staff: APIClient) -> None:
    first, again = post(as_staff), post(as_staff)
    assert (again.status_code, again.json(), again["Location"]) == (202, first.json(), first["Location"])
    assert ("Idempotency-Replayed" in first.headers, again["Idempotency-Replayed"]) == (False, "true")
    assert Job.objects.count() == 1


def test_another_request_under_the_key_is_refused(as_staff: APIClient) -> None:
    post(as_staff)
    other = post(as_staff, body={"task": "tests.greet", "priority": 1})
    elsewhere = post(as_staff, f"/api/jobs/{Job.objects.get().pk}/cancel")
    assert [(each.status_code, each.json()["code"]) for each in (other, elsewhere)] == [(422, "KEY_REUSED")] * 2


def test_one_that_is_being_done_is_to_be_waited_for(as_staff: APIClient, staff: User) -> None:
    post(as_staff)
    IdempotencyKey.objects.update(status=None, answer=None)
    again = post(as_staff)
    assert (again.status_code, again.json()["code"]) == (409, "IN_PROGRESS")


def test_one_whose_process_died_is_done_after_a_while(as_staff: APIClient) -> None:
    post(as_staff)
    IdempotencyKey.objects.update(status=None, answer=None, created_at=Now(-3600))
    assert post(as_staff).status_code == 202
    assert IdempotencyKey.objects.get().status == 202


def test_a_servers_own_clock_says_nothing_of_that(as_staff: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    real = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: real() - timedelta(hours=1))
    post(as_staff)
    IdempotencyKey.objects.update(status=None, answer=None)
    assert post(as_staff).status_code == 409


def test_a_key_is_its_users_alone(as_staff: APIClient, as_owner: APIClient, owner: User) -> None:
    job = states.dead(owner.pk)
    path = f"/api/jobs/{job.pk}/retry"
    assert post(as_staff).status_code == 202
    assert post(as_owner, path, {}).status_code == 200
    assert IdempotencyKey.objects.count() == 2


def test_what_was_refused_leaves_its_key_free(as_staff: APIClient) -> None:
    assert post(as_staff, body={"task": "nothing"}).status_code == 400
    assert post(as_staff).status_code == 202


def test_a_failed_login_is_not_remembered(anonymous: APIClient) -> None:
    assert post(anonymous).status_code == 401
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize("key", ["", "x" * 201, "two words"])
def test_a_key_that_is_none_is_refused(as_staff: APIClient, key: str) -> None:
    response = post(as_staff, key=key)
    assert (response.status_code, response.json()["field"]) == (400, "Idempotency-Key")


def test_an_error_of_ours_frees_the_key(as_staff: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    as_staff.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr("jobs.api.jobs.services.enqueue", lambda *_, **__: 1 / 0)
        assert post(as_staff).status_code == 500
    assert post(as_staff).status_code == 202


def test_reading_needs_no_key(as_staff: APIClient) -> None:
    as_staff.get("/api/jobs", HTTP_IDEMPOTENCY_KEY="k-1")
    assert not IdempotencyKey.objects.exists()
