from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from tests.jobs.api import states

EMPTY = {"pending_jobs": 0, "delayed_jobs": 0, "total_jobs": 0, "total_results": 0}


def stats(client: APIClient, queue: str) -> dict[str, int]:
    data = client.get(f"/api/jobs/queue/{queue}/stats").json()["data"]
    assert data.keys() == {"queue", "stats"}
    assert data["queue"] == queue
    counts: dict[str, int] = data["stats"]
    return counts


def test_jobs_are_counted_by_what_they_do(as_staff: APIClient) -> None:
    states.waiting()
    states.waiting(delay=60)
    states.running()
    states.dead()
    states.completed()
    assert stats(as_staff, "crm") == {"pending_jobs": 1, "delayed_jobs": 1, "total_jobs": 5, "total_results": 2}


@pytest.mark.parametrize("queue", ["email", "ai", "gmail_sync"])
def test_each_queue_counts_its_own(as_staff: APIClient, queue: str) -> None:
    states.waiting()
    assert stats(as_staff, queue) == EMPTY


@pytest.mark.parametrize("queue", ["mail", "CRM", "fikiri:crm", "%00", "x" * 3000])
def test_a_queue_that_is_none_is_refused_with_the_names_there_are(as_owner: APIClient, queue: str) -> None:
    response = as_owner.get(f"/api/jobs/queue/{queue}/stats")
    body = response.json()
    assert (response.status_code, body["code"], body["field"]) == (400, "INVALID_QUEUE", "queue")
    assert "email, ai, crm, gmail_sync" in body["error"]
