"""Running many jobs again over REST."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from jobs.models import AuditEntry, Job
from tests.jobs.api import states


def post(client: APIClient, code: int = 200, /, **body: Any) -> dict[str, Any]:
    response = client.post("/api/jobs/retry", body, format="json")
    assert response.status_code == code, response.json()
    answer: dict[str, Any] = response.json()
    return answer["data"] if code == 200 else answer


def statuses(*jobs: Job) -> list[str]:
    return [Job.objects.get(pk=job.pk).status for job in jobs]


def test_a_preview_changes_nothing_and_its_token_runs_what_it_showed(as_staff: APIClient, owner: User) -> None:
    job = states.dead(owner.pk)
    preview = post(as_staff, status=["dead"], dry_run=True)
    assert (preview["count"], preview["causes"][0]["error"]) == (1, "connection reset")
    assert statuses(job) == ["dead"]
    later = states.dead(owner.pk)
    Job.objects.filter(pk=later.pk).update(finished_at="2099-01-01T00:00Z")
    assert post(as_staff, token=preview["token"], reason="mended")["retried"] == 1
    assert statuses(job, later) == ["pending", "dead"]
    assert AuditEntry.objects.get().origin == "REST"


def test_without_a_preview_nothing_runs(as_staff: APIClient, owner: User) -> None:
    job = states.dead(owner.pk)
    assert post(as_staff, 400, status=["dead"])["field"] == "token"
    assert statuses(job) == ["dead"]


def test_people_run_their_own_again_and_nobody_elses(as_owner: APIClient, owner: User, other: User) -> None:
    mine, theirs, system = states.dead(owner.pk), states.dead(other.pk), states.dead()
    preview = post(as_owner, dry_run=True)
    assert preview["count"] == 1
    post(as_owner, token=preview["token"])
    assert statuses(mine, theirs, system) == ["pending", "dead", "dead"]
    assert post(as_owner, 403, dry_run=True, user_id=other.pk)["code"] == "UNAUTHORIZED"


def test_a_token_is_its_users_alone(as_owner: APIClient, as_staff: APIClient, owner: User) -> None:
    job = states.dead(owner.pk)
    token = post(as_staff, dry_run=True)["token"]
    assert post(as_owner, 400, token=token)["field"] == "token"
    assert statuses(job) == ["dead"]


@pytest.mark.parametrize(
    "body",
    [
        {"token": "forged"},
        {"token": ""},
        {"dry_run": True, "status": ["completed"]},
        {"dry_run": True, "queue": "mail"},
        {"dry_run": True, "ended_after": -1},
        {"dry_run": True, "limit": 0},
        {"dry_run": True, "staus": ["dead"]},
    ],
)
def test_what_is_wrong_is_refused_by_name(as_staff: APIClient, body: dict[str, Any]) -> None:
    assert post(as_staff, 400, **body)["field"] in {"token", "status", "queue", "ended_after", "limit", "staus"}


def test_a_job_that_is_called_retry_is_still_found(as_owner: APIClient, owner: User) -> None:
    job = states.dead(owner.pk, key="retry")
    assert as_owner.get("/api/jobs/retry").json()["data"]["job_id"] == str(job.pk)
    as_owner.post("/api/jobs/retry/retry")
    assert statuses(job) == ["pending"]


def test_a_stranger_gets_nothing(anonymous: APIClient) -> None:
    assert anonymous.post("/api/jobs/retry", {"dry_run": True}, format="json").status_code == 401
