from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from jobs import lifecycle
from jobs.models import Checkpoint, Effect, Job, JobEvent
from tests.jobs.api import states

Make = Callable[[int], Job]


def test_a_waiting_job_is_cancelled_at_once(as_owner: APIClient, owner: User) -> None:
    job = states.waiting(owner.pk)
    response = as_owner.post(f"/api/jobs/{job.pk}/cancel", {"reason": "ordered twice"}, format="json")
    data = response.json()["data"]
    assert (response.status_code, data["cancel"], data["status"]) == (200, "done", "cancelled")
    assert data["reason"] == "ordered twice"


def test_a_running_job_is_asked_to_stop(as_owner: APIClient, owner: User) -> None:
    job = states.running(owner.pk)
    response = as_owner.post(f"/api/jobs/{job.pk}/cancel")
    data = response.json()["data"]
    assert (response.status_code, data["cancel"], data["status"]) == (202, "asked", "processing")
    assert data["cancel_requested"] is True


@pytest.mark.parametrize(
    ("status", "effect", "ids"), [("attempting", "in_doubt", []), ("confirmed", "too_late", ["<1@x>"])]
)
def test_a_cancel_says_what_became_of_the_effect(
    as_owner: APIClient, owner: User, status: str, effect: str, ids: list[str]
) -> None:
    job = states.running(owner.pk)
    before = as_owner.post(f"/api/jobs/{job.pk}/cancel").json()["data"]
    Effect.objects.create(
        key="k", job=job, attempt=1, kind="mail", status=status, provider_id="".join(ids), created_at=job.created_at
    )
    after = as_owner.post(f"/api/jobs/{job.pk}/cancel").json()["data"]
    assert (before["effect"], after["effect"], after["provider_ids"]) == ("before", effect, ids)


def test_cancelling_twice_says_done_twice(as_owner: APIClient, owner: User) -> None:
    job = states.cancelled(owner.pk)
    assert as_owner.post(f"/api/jobs/{job.pk}/cancel").json()["data"]["cancel"] == "done"


@pytest.mark.parametrize("make", [states.completed, states.failed, states.dead, states.in_doubt])
def test_what_has_ended_cannot_be_cancelled(as_owner: APIClient, owner: User, make: Make) -> None:
    response = as_owner.post(f"/api/jobs/{make(owner.pk).pk}/cancel")
    assert (response.status_code, response.json()["code"], response.json()["field"]) == (409, "WRONG_STATE", "status")


@pytest.mark.parametrize("make", [states.failed, states.dead, states.cancelled])
def test_what_went_wrong_runs_again_under_the_same_id(as_owner: APIClient, owner: User, make: Make) -> None:
    job = make(owner.pk)
    response = as_owner.post(f"/api/jobs/{job.pk}/retry")
    data = response.json()["data"]
    assert (response.status_code, data["job_id"], data["status"]) == (200, str(job.pk), "pending")
    assert data["retry_count"] == 0


@pytest.mark.parametrize(("body", "kept"), [({}, "7"), ({"afresh": True}, None)])
def test_it_goes_on_from_its_checkpoint_unless_told_otherwise(
    as_owner: APIClient, owner: User, body: dict[str, bool], kept: str | None
) -> None:
    job = states.failed(owner.pk)
    Checkpoint.objects.create(job=job, value="7", attempt=1, kept_at=job.created_at)
    assert as_owner.post(f"/api/jobs/{job.pk}/retry", body, format="json").status_code == 200
    assert lifecycle.kept(job.pk) == kept


@pytest.mark.parametrize("make", [states.waiting, states.running, states.completed, states.in_doubt])
def test_what_has_not_gone_wrong_is_not_run_again(as_owner: APIClient, owner: User, make: Make) -> None:
    response = as_owner.post(f"/api/jobs/{make(owner.pk).pk}/retry")
    assert (response.status_code, response.json()["code"]) == (409, "WRONG_STATE")


def test_who_steered_is_kept(as_owner: APIClient, owner: User) -> None:
    job = states.waiting(owner.pk)
    as_owner.post(f"/api/jobs/{job.pk}/cancel", {"reason": "why"}, format="json")
    event = JobEvent.objects.get(job=job)
    assert (event.kind, event.by, event.detail["reason"]) == ("cancel", "owner", "why")


def test_a_job_is_steered_by_its_callers_own_id(as_owner: APIClient, owner: User) -> None:
    job = states.waiting(owner.pk, key="orders/7")
    as_owner.post("/api/jobs/orders/7/cancel")
    job.refresh_from_db()
    assert job.status == "cancelled"


@pytest.mark.parametrize(
    "body", ["[", '{"reason": 5}', '{"raeson": "x"}', '{"reason": "a\\u0000b"}', '{"reason": "\\ud800"}', "[1]", "nul"]
)
@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_a_body_that_is_wrong_changes_nothing(as_owner: APIClient, owner: User, verb: str, body: str) -> None:
    job = states.dead(owner.pk) if verb == "retry" else states.waiting(owner.pk)
    response = as_owner.generic("POST", f"/api/jobs/{job.pk}/{verb}", body, "application/json")
    before = job.status
    job.refresh_from_db()
    assert (response.status_code, response.json()["success"], job.status) == (400, False, before)


def test_steering_is_not_done_by_get(as_owner: APIClient, owner: User) -> None:
    job = states.waiting(owner.pk)
    response = as_owner.get(f"/api/jobs/{job.pk}/cancel")
    assert (response.status_code, response.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
