"""Pausing over REST."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from jobs.models import AuditEntry, QueueControl, TaskControl
from tests.jobs.api.conftest import Login


@pytest.fixture
def as_root(superuser: User, logged_in: Login) -> APIClient:
    return logged_in(superuser)


def test_a_queue_is_paused_and_resumed(as_root: APIClient) -> None:
    response = as_root.post("/api/queues/email/pause", {"reason": "a flood"}, format="json")
    data = response.json()["data"]
    assert (response.status_code, data["kind"], data["name"], data["paused"]) == (200, "queue", "email", True)
    assert (data["reason"], data["by"]) == ("a flood", "root")
    assert as_root.post("/api/queues/email/resume").json()["data"]["paused"] is False
    assert list(AuditEntry.objects.values_list("verb", "origin")) == [("resume", "REST"), ("pause", "REST")]


def test_a_task_is_paused_and_resumed(as_root: APIClient) -> None:
    as_root.post("/api/tasks/tests.greet/pause")
    assert TaskControl.objects.get().paused
    as_root.post("/api/tasks/tests.greet/resume")
    assert not TaskControl.objects.get().paused


def test_everybody_sees_what_is_held_back_and_why(as_owner: APIClient, as_root: APIClient) -> None:
    as_root.post("/api/queues/crm/pause", {"reason": "it moves"}, format="json")
    [paused] = as_owner.get("/api/paused").json()["data"]["paused"]
    assert (paused["name"], paused["reason"]) == ("crm", "it moves")


@pytest.mark.parametrize("address", ["queues/email/pause", "queues/email/resume", "tasks/tests.greet/pause"])
def test_who_may_not_steer_everybodys_jobs_is_refused(as_owner: APIClient, as_viewer: APIClient, address: str) -> None:
    for client in (as_owner, as_viewer):
        assert client.post(f"/api/{address}").status_code == 403
    assert not QueueControl.objects.exists()


@pytest.mark.parametrize(("address", "code"), [("queues/mail", "INVALID_QUEUE"), ("tasks/nothing", "UNKNOWN_TASK")])
def test_what_there_is_not_is_named(as_root: APIClient, address: str, code: str) -> None:
    response = as_root.post(f"/api/{address}/pause")
    assert (response.status_code, response.json()["code"]) == (400, code)
