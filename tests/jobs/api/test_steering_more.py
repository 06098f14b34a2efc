"""A copy, another time, another priority, the result; over REST."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone
from rest_framework.test import APIClient

from jobs.models import AuditEntry, Job, JobEvent
from tests.jobs.api import states
from tests.jobs.api.conftest import Login


@pytest.fixture
def as_operator(operator: User, logged_in: Login) -> APIClient:
    return logged_in(operator)


def test_a_copy_is_another_job_with_the_same_arguments(as_staff: APIClient, owner: User) -> None:
    job = states.failed(owner.pk, args={"name": "Grace"}, priority=2)
    response = as_staff.post(f"/api/jobs/{job.pk}/copy", {"reason": "once more"}, format="json")
    made = Job.objects.get(pk=response.json()["data"]["job_id"])
    assert (response.status_code, response.headers["Location"]) == (202, f"/api/jobs/{made.pk}")
    assert (made.arguments, made.priority, made.owner_id, made.status) == ({"name": "Grace"}, 2, owner.pk, "pending")
    assert (AuditEntry.objects.get().verb, Job.objects.get(pk=job.pk).status) == ("copy", "failed")


def test_a_copy_needs_what_enqueueing_by_name_needs(as_owner: APIClient, owner: User) -> None:
    job = states.failed(owner.pk)
    assert as_owner.post(f"/api/jobs/{job.pk}/copy").status_code == 403
    owner.user_permissions.add(Permission.objects.get(codename="add_job"))
    assert as_owner.post(f"/api/jobs/{job.pk}/copy").status_code == 202


def test_a_delayed_job_is_run_now(as_owner: APIClient, owner: User) -> None:
    job = states.waiting(owner.pk, delay=3600)
    data = as_owner.post(f"/api/jobs/{job.pk}/run-now", {"reason": "cannot wait"}, format="json").json()["data"]
    job.refresh_from_db()
    assert data["run_at"] <= timezone.now().timestamp()
    assert job.dispatch_at is not None
    assert job.dispatch_at <= timezone.now()
    assert (JobEvent.objects.get(kind="change").by, AuditEntry.objects.get().origin) == ("owner", "REST")


def test_a_waiting_job_gets_another_time(as_owner: APIClient, owner: User) -> None:
    job = states.waiting(owner.pk)
    response = as_owner.post(f"/api/jobs/{job.pk}/change", {"run_at": 4_000_000_000}, format="json")
    job.refresh_from_db()
    assert (response.status_code, job.run_at.timestamp(), job.dispatch_at) == (200, 4_000_000_000, job.run_at)


def test_priority_is_for_operators(as_owner: APIClient, as_operator: APIClient, owner: User) -> None:
    job = states.waiting(owner.pk)
    assert as_owner.post(f"/api/jobs/{job.pk}/change", {"priority": 0}, format="json").status_code == 403
    assert as_operator.post(f"/api/jobs/{job.pk}/change", {"priority": 0}, format="json").status_code == 200
    job.refresh_from_db()
    assert job.priority == 0


def test_a_waiting_job_gets_other_arguments_with_all_else_that_is_wished_or_nothing(as_operator: APIClient) -> None:
    job = states.waiting()
    address = f"/api/jobs/{job.pk}/change"
    wrong = as_operator.post(address, {"args": {"name": 7}, "priority": 0}, format="json")
    assert (wrong.status_code, wrong.json()["field"]) == (400, "name")
    late = as_operator.post(address, {"args": {"name": "Bea"}, "delay": 1, "run_at": 4_000_000_000}, format="json")
    assert (late.status_code, Job.objects.get().arguments, Job.objects.get().priority) == (400, {"name": "Ada"}, 5)
    data = as_operator.post(address, {"args": {"name": "Bea"}, "priority": 0}, format="json").json()["data"]
    assert (Job.objects.get().arguments, data["priority"]) == ({"name": "Bea"}, 0)
    assert as_operator.post(address, {"args": {"name": "Eve"}}, format="json").status_code == 200


def test_arguments_are_for_who_may_enqueue_with_them(as_owner: APIClient, owner: User) -> None:
    job = states.waiting(owner.pk, task="tests.greet_user", args={"user_id": owner.pk})
    address = f"/api/jobs/{job.pk}/change"
    assert as_owner.post(address, {"args": {"user_id": owner.pk}}, format="json").status_code == 403
    owner.user_permissions.add(Permission.objects.get(codename="add_job"))
    assert as_owner.post(address, {"args": {"user_id": owner.pk + 1}}, format="json").status_code == 403
    assert as_owner.post(address, {"args": {"user_id": owner.pk}}, format="json").status_code == 400  # the same


@pytest.mark.parametrize(
    ("body", "field"), [({}, "run_at"), ({"delay": 1, "run_at": 4_000_000_000}, "delay"), ({"delay": -1}, "delay")]
)
def test_a_change_says_what_is_wrong(as_owner: APIClient, owner: User, body: dict[str, float], field: str) -> None:
    response = as_owner.post(f"/api/jobs/{states.waiting(owner.pk).pk}/change", body, format="json")
    assert (response.status_code, response.json()["field"]) == (400, field)


@pytest.mark.parametrize("verb", ["run-now", "change"])
def test_what_waits_no_more_cannot_be_changed(as_owner: APIClient, owner: User, verb: str) -> None:
    job = states.running(owner.pk)
    response = as_owner.post(f"/api/jobs/{job.pk}/{verb}", {"delay": 5} if verb == "change" else {}, format="json")
    assert (response.status_code, response.json()["code"]) == (409, "WRONG_STATE")


def test_a_result_is_what_the_task_returned(as_owner: APIClient, owner: User) -> None:
    done, waits = states.completed(owner.pk, result={"sent": 1}), states.waiting(owner.pk)
    assert as_owner.get(f"/api/jobs/{done.pk}/result").json()["data"]["result"] == {"sent": 1}
    assert as_owner.get(f"/api/jobs/{waits.pk}/result").json()["code"] == "WRONG_STATE"
