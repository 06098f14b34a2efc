"""Batches over REST."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import User
from rest_framework.test import APIClient

from jobs import batches
from jobs.models import Batch, Job
from tests.jobs.api import states


def a_batch(owner: User) -> Batch:
    batch = batches.create("sync", owner_id=owner.pk)
    states.completed(owner.pk, batch_id=batch.pk)
    states.failed(owner.pk, batch_id=batch.pk)
    states.waiting(owner.pk, batch_id=batch.pk)
    batches.run_once()
    return batch


def test_how_far_it_is_is_one_answer(as_owner: APIClient, owner: User) -> None:
    batch = a_batch(owner)
    data = as_owner.get(f"/api/batches/{batch.pk}").json()["data"]
    assert (data["name"], data["status"], data["progress"]) == ("sync", "open", 66.7)
    assert (data["total"], data["completed"], data["failed"], data["dropped"]) == (3, 1, 1, 0)


def test_its_jobs_are_listed(as_owner: APIClient, owner: User) -> None:
    batch = a_batch(owner)
    states.waiting(owner.pk)
    listed = as_owner.get("/api/jobs", {"batch_id": str(batch.pk)}).json()["data"]["jobs"]
    assert {job["batch_id"] for job in listed} == {str(batch.pk)}
    assert len(listed) == 3
    assert as_owner.get("/api/jobs", {"batch_id": "none"}).json()["field"] == "batch_id"


def test_somebody_elses_is_not_there(as_other: APIClient, as_staff: APIClient, owner: User) -> None:
    batch = a_batch(owner)
    response = as_other.get(f"/api/batches/{batch.pk}")
    assert (response.status_code, response.json()["code"]) == (404, "BATCH_NOT_FOUND")
    assert as_other.post(f"/api/batches/{batch.pk}/cancel").status_code == 404
    assert as_staff.get(f"/api/batches/{batch.pk}").status_code == 200
    assert as_staff.get(f"/api/batches/{uuid.uuid4()}").status_code == 404


def test_cancelling_it_cancels_what_waits(as_owner: APIClient, owner: User) -> None:
    batch = a_batch(owner)
    data = as_owner.post(f"/api/batches/{batch.pk}/cancel", {"reason": "wrong"}, format="json").json()["data"]
    assert (data["cancelled"], data["status"]) == (1, "cancelled")
    assert Job.objects.filter(batch=batch, status="cancelled", reason="wrong").count() == 1
