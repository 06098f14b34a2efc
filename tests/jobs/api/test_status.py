from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from jobs import services
from jobs.api import details
from jobs.models import Job
from tests.jobs.api import states

FIELDS = {
    "job_id", "task", "queue", "status", "progress", "created_at", "started_at", "completed_at", "retry_count",
    "max_retries", "error", "result",
}  # fmt: skip


def test_a_waiting_job_has_every_field(as_owner: APIClient, owner: User) -> None:
    job = states.waiting(owner.pk)
    body = as_owner.get(f"/api/jobs/{job.pk}").json()
    assert body["success"] is True
    assert body["message"]
    assert body["data"].keys() >= FIELDS
    assert body["data"]["job_id"] == str(job.pk)
    assert (body["data"]["task"], body["data"]["queue"]) == ("tests.greet", "crm")
    assert (body["data"]["status"], body["data"]["progress"], body["data"]["result"]) == ("pending", 0, None)
    assert (body["data"]["retry_count"], body["data"]["max_retries"]) == (0, 3)


def test_times_are_epoch_seconds(as_owner: APIClient, owner: User) -> None:
    data = as_owner.get(f"/api/jobs/{states.completed(owner.pk).pk}").json()["data"]
    assert abs(data["created_at"] - time.time()) < 3600
    assert data["created_at"] <= data["started_at"] <= data["completed_at"]


def test_a_completed_job_has_its_result(as_owner: APIClient, owner: User) -> None:
    job = states.completed(owner.pk, result={"greeting": "hello"})
    data = as_owner.get(f"/api/jobs/{job.pk}").json()["data"]
    assert (data["status"], data["result"], data["progress"]) == ("completed", {"greeting": "hello"}, 100)


def test_a_dead_job_says_why(as_owner: APIClient, owner: User) -> None:
    data = as_owner.get(f"/api/jobs/{states.dead(owner.pk).pk}").json()["data"]
    assert (data["status"], data["error"], data["dead_letter"]) == ("dead", "connection reset", True)
    assert data["retry_count"] == 1


def test_a_retrying_job_says_when_it_runs_again(as_owner: APIClient, owner: User) -> None:
    data = as_owner.get(f"/api/jobs/{states.retrying(owner.pk).pk}").json()["data"]
    assert data["retry_after"] > data["created_at"]


def test_a_job_is_found_under_its_callers_own_id(as_owner: APIClient, owner: User) -> None:
    job = states.waiting(owner.pk, key="invoice/7 überfällig")
    data = as_owner.get("/api/jobs/invoice/7 überfällig").json()["data"]
    assert (data["job_id"], data["key"]) == (str(job.pk), "invoice/7 überfällig")


def test_an_own_id_that_looks_like_another_jobs_id_does_not_hide_it(as_staff: APIClient, owner: User) -> None:
    job = states.waiting(owner.pk)
    states.waiting(key=str(job.pk))
    assert as_staff.get(f"/api/jobs/{job.pk}").json()["data"]["job_id"] == str(job.pk)


def test_staff_see_everybodys_jobs_and_the_systems(as_staff: APIClient, owner: User) -> None:
    for job in (states.waiting(owner.pk), states.waiting(None)):
        assert as_staff.get(f"/api/jobs/{job.pk}").status_code == 200


def test_somebody_elses_job_is_no_different_from_none(as_other: APIClient, owner: User) -> None:
    job = states.waiting(owner.pk)
    theirs = as_other.get(f"/api/jobs/{job.pk}")
    body = theirs.json()
    job_id = str(job.pk)
    Job.objects.filter(pk=job.pk).delete()
    none = as_other.get(f"/api/jobs/{job_id}")
    assert (theirs.status_code, body["code"]) == (404, "JOB_NOT_FOUND")
    assert (none.status_code, none.json()) == (404, body)


def test_the_systems_job_is_hidden_from_users(as_owner: APIClient) -> None:
    assert as_owner.get(f"/api/jobs/{states.waiting(None).pk}").status_code == 404


@pytest.mark.parametrize(
    "job_id", ["nothing", "9" * 5000, "%00", "a%00b", "..%2f", "%ff", "{}", "'; drop table jobs_job"]
)
def test_nonsense_for_an_id_is_not_found(as_owner: APIClient, job_id: str) -> None:
    response = as_owner.get(f"/api/jobs/{job_id}")
    assert (response.status_code, response.json()["code"]) == (404, "JOB_NOT_FOUND")


def test_an_answer_carries_the_requests_correlation_id(as_owner: APIClient) -> None:
    response = as_owner.get("/api/jobs/nothing", headers={"X-Correlation-ID": "order-7"})
    assert response.headers["X-Correlation-ID"] == "order-7"


@pytest.fixture
def greeting_details() -> Iterator[None]:
    details.register("tests.greet", lambda job: {"progress": 42, "emails_synced": len(str(job.pk))})
    yield
    details._details.pop("tests.greet")


@pytest.mark.usefixtures("greeting_details")
def test_an_app_adds_details_to_its_own_tasks(as_owner: APIClient, owner: User) -> None:
    data = as_owner.get(f"/api/jobs/{states.waiting(owner.pk).pk}").json()["data"]
    other_task = services.enqueue("tests.greet_user", {"user_id": owner.pk})
    assert (data["progress"], data["emails_synced"]) == (42, 36)
    assert "emails_synced" not in as_owner.get(f"/api/jobs/{other_task.pk}").json()["data"]
