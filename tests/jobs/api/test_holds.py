"""What is held is seen and released over REST, on the page of queues, and by the command."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIClient

from jobs import holding, lifecycle, services
from jobs.errors import Refused
from jobs.models import AuditEntry, Hold, Job
from tests.jobs.api import states
from tests.jobs.states import row


@pytest.fixture
def held(db: None) -> Job:
    """A job that waits for a door."""
    services.hold("door:7", "the door is shut")
    job = states.waiting()
    lifecycle.park(states.claimed(job), "door:7", "the door is shut")
    return job


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    def mend(key: str, by: str, reason: str) -> None:
        raise Refused("The key lies at its owner's.", field="key")

    monkeypatch.setitem(holding._mends, "door", mend)


def test_it_is_listed_for_those_who_see_everything(as_viewer: APIClient, as_owner: APIClient, held: Job) -> None:
    [one] = as_viewer.get("/api/holds").json()["data"]["holds"]
    assert (one["key"], one["reason"], one["jobs"]) == ("door:7", "the door is shut", 1)
    assert as_owner.get("/api/holds").status_code == 403


def test_an_operator_releases_it_and_its_jobs_go_on(as_staff: APIClient, held: Job) -> None:
    answer = as_staff.post("/api/holds/door:7/release", {"reason": "it is open"}, format="json")
    assert (answer.status_code, answer.json()["data"]) == (200, {"key": "door:7"})
    assert row(held.pk).reason == "released: door:7"
    assert not Hold.objects.exists()
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.subject, entry.reason, entry.origin) == ("release", "hold door:7", "it is open", "REST")
    assert entry.before == {"reason": "the door is shut"}


def test_who_may_only_look_releases_nothing(as_viewer: APIClient, held: Job) -> None:
    assert as_viewer.post("/api/holds/door:7/release").status_code == 403
    assert Hold.objects.exists()


def test_what_is_not_held_is_not_found(as_staff: APIClient) -> None:
    answer = as_staff.post("/api/holds/door:8/release")
    assert (answer.status_code, answer.json()["code"]) == (404, "HOLD_NOT_FOUND")


@pytest.mark.usefixtures("refusing")
def test_what_has_to_be_mended_elsewhere_stays_held(as_staff: APIClient, held: Job) -> None:
    answer = as_staff.post("/api/holds/door:7/release")
    assert (answer.status_code, answer.json()["error"]) == (400, "The key lies at its owner's.")
    assert Hold.objects.get().released_at is None
    assert not AuditEntry.objects.exists()


def test_it_is_released_on_the_page_of_queues(operator: User, held: Job) -> None:
    client = Client()
    client.force_login(operator)
    address = "/admin/jobs/holds/door:7/release/"
    assert address in client.get("/admin/jobs/queues/").content.decode()
    assert "the door is shut" in client.get(address).content.decode()
    told = client.post(address, {"reason": "open"}, follow=True).content.decode()
    assert "Released door:7" in told
    assert not Hold.objects.exists()
    assert client.get(address).status_code == 404


@pytest.mark.usefixtures("refusing")
def test_the_page_says_what_has_to_be_mended_elsewhere(operator: User, held: Job) -> None:
    client = Client()
    client.force_login(operator)
    told = client.post("/admin/jobs/holds/door:7/release/", {"reason": "now"}, follow=True).content.decode()
    assert "The key lies at its owner" in told


def test_the_commands_say_what_is_held_and_release_it(held: Job) -> None:
    told = StringIO()
    call_command("pause", stdout=told)
    assert told.getvalue() == "door:7 held, 1 job: the door is shut\n"
    call_command("resume", hold=["door:7"], stdout=told)
    assert "door:7 is released" in told.getvalue()
    assert not Hold.objects.exists()


def test_a_job_that_meets_what_nobody_holds_any_more_does_not_run_without_end(db: None) -> None:
    job = states.waiting()
    lifecycle.park(states.claimed(job), "door:7", "the door is shut")
    lifecycle.park(states.claimed(job), "door:7", "the door is shut")
    waits = row(job.pk)
    assert (waits.run_at - waits.created_at).total_seconds() > 25
