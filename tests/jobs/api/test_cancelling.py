"""Cancelling many jobs over REST."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from jobs.models import AuditEntry, Job
from tests.jobs.api import states


def post(client: APIClient, code: int = 200, /, **body: Any) -> dict[str, Any]:
    response = client.post("/api/jobs/cancel", body, format="json")
    assert response.status_code == code, response.json()
    answer: dict[str, Any] = response.json()
    return answer["data"] if code == 200 else answer


def statuses(*jobs: Job) -> list[str]:
    return [Job.objects.get(pk=job.pk).status for job in jobs]


def test_a_preview_changes_nothing_and_its_token_cancels_what_it_showed(as_staff: APIClient, owner: User) -> None:
    waits, runs = states.waiting(owner.pk), states.running(owner.pk)
    preview = post(as_staff, q="task:tests.greet", dry_run=True)
    assert (preview["waiting"], preview["running"], preview["tasks"][0]["count"]) == (1, 1, 2)
    later = states.waiting(owner.pk)
    Job.objects.filter(pk=later.pk).update(created_at="2099-01-01T00:00Z")
    done = post(as_staff, token=preview["token"], reason="a flood")
    assert (done["cancelled"], done["asked"], done["left"]) == (1, 1, 0)
    assert statuses(waits, runs, later) == ["cancelled", "processing", "pending"]
    assert Job.objects.get(pk=runs.pk).cancel_requested_at
    assert (AuditEntry.objects.get().verb, AuditEntry.objects.get().reason) == ("cancel", "a flood")


def test_people_cancel_their_own_and_nobody_elses(as_owner: APIClient, owner: User, other: User) -> None:
    mine, theirs, system = states.waiting(owner.pk), states.waiting(other.pk), states.waiting()
    preview = post(as_owner, q="is:due", dry_run=True)
    assert preview["count"] == 1
    post(as_owner, token=preview["token"])
    assert statuses(mine, theirs, system) == ["cancelled", "pending", "pending"]


def test_a_token_of_a_retry_cancels_nothing(as_owner: APIClient, owner: User) -> None:
    job = states.dead(owner.pk)
    token = as_owner.post("/api/jobs/retry", {"dry_run": True}, format="json").json()["data"]["token"]
    assert post(as_owner, 400, token=token)["field"] == "token"
    assert statuses(job) == ["dead"]


@pytest.mark.parametrize("body", [{}, {"q": "is:due"}, {"dry_run": True}, {"dry_run": True, "q": "nothing:such"}])
def test_what_is_wrong_is_refused_by_name(as_staff: APIClient, body: dict[str, Any]) -> None:
    assert post(as_staff, 400, **body)["field"] in {"token", "q"}


def test_no_more_than_the_limit_are_cancelled_at_once(as_owner: APIClient, owner: User) -> None:
    for _ in range(3):
        states.waiting(owner.pk)
    token = post(as_owner, q="is:due", dry_run=True)["token"]
    assert post(as_owner, token=token, limit=2) == {"cancelled": 2, "asked": 0, "left": 1}
    assert post(as_owner, token=token) == {"cancelled": 1, "asked": 0, "left": 0}
