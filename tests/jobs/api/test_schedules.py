"""Schedules are made, changed and removed over REST, checked as on their page and recorded."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from jobs.clock import Now
from jobs.models import AuditEntry, Role, Schedule
from tests.jobs.api.conftest import Login
from tests.jobs.api.people import a_user, with_role

NEW = {"name": "nightly", "task": "tests.greet", "arguments": {"name": "Ada"}, "cron": "30 9 * * *", "reason": "wanted"}


@pytest.fixture
def as_root(superuser: User, logged_in: Login) -> APIClient:
    return logged_in(superuser)


def add(client: APIClient, **changes: Any) -> Any:
    return client.post("/api/schedules", NEW | changes, format="json")


def change(client: APIClient, which: str = "nightly", **changes: Any) -> Any:
    return client.patch(f"/api/schedules/{which}", changes, format="json")


def test_one_is_added_and_has_an_address(as_root: APIClient, owner: User) -> None:
    response = add(as_root, time_zone="Europe/Berlin", overlap="allow", missed="skip", user_id=owner.pk)
    assert (response.status_code, response["Location"]) == (201, "/api/schedules/nightly")
    row = as_root.get(response["Location"]).json()["data"]
    assert row == response.json()["data"]
    assert (row["cron"], row["every"], row["user_id"], len(row["next"])) == ("30 9 * * *", None, owner.pk, 5)
    assert (row["time_zone"], row["overlap"], row["missed"], row["paused"]) == ("Europe/Berlin", "allow", "skip", False)


def test_the_next_five_are_shown_before_anything_is_kept(as_root: APIClient) -> None:
    response = add(as_root, dry_run=True, cron="0 3 * * *")
    assert (response.status_code, len(response.json()["data"]["next"])) == (200, 5)
    assert not Schedule.objects.exists()
    add(as_root)
    assert change(as_root, dry_run=True, every=60).json()["data"]["every"] == 60
    assert Schedule.objects.get().every is None


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({"task": "no_such_task"}, "task", "Unknown task"),
        ({"arguments": {"nobody": 1}}, "arguments", "unexpected keyword argument"),
        ({"arguments": [1]}, "arguments", "valid dictionary"),
        ({"cron": "every day"}, "cron", "Not a cron expression"),
        ({"cron": ""}, "cron", "either a cron expression or a number of seconds"),
        ({"every": 60}, "cron", "either a cron expression or a number of seconds"),
        ({"every": 0, "cron": ""}, "every", "greater than 0"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "Unknown time zone"),
        ({"overlap": "often"}, "overlap", "'skip', 'allow' or 'queue_one'"),
        ({"user_id": 77}, "user_id", "There is no user 77"),
        ({"name": "a/b"}, "name", "pattern"),
        ({"colour": "red"}, "colour", "not permitted"),
    ],
)
def test_what_could_never_tick_is_refused_with_its_field(
    as_root: APIClient, changes: dict[str, Any], field: str, told: str
) -> None:
    response = add(as_root, **changes)
    assert (response.status_code, response.json()["field"]) == (400, field), response.json()
    assert told in response.json()["error"]
    assert not Schedule.objects.exists()


def test_a_name_is_taken_once(as_root: APIClient) -> None:
    add(as_root)
    response = add(as_root, cron="0 6 * * *")
    assert (response.status_code, response.json()["code"], response.json()["field"]) == (400, "BAD_SCHEDULE", "name")


def test_what_is_left_out_of_a_change_stays(as_root: APIClient, owner: User) -> None:
    add(as_root, user_id=owner.pk)
    assert change(as_root, missed="all").json()["data"]["cron"] == "30 9 * * *"
    row = change(as_root, every=3600, user_id=None, name="hourly").json()["data"]
    assert (row["cron"], row["every"], row["user_id"], row["name"]) == (None, 3600, None, "hourly")
    assert change(as_root, "hourly", cron="0 6 * * *").json()["data"]["every"] is None


def test_another_time_begins_anew_and_another_name_does_not(as_root: APIClient) -> None:
    add(as_root)
    Schedule.objects.update(next_tick=Now())
    before = Schedule.objects.get().next_tick
    change(as_root, name="early")
    assert Schedule.objects.get().next_tick == before
    change(as_root, "early", cron="0 6 * * *")
    assert Schedule.objects.get().next_tick is None


def test_arguments_that_come_back_masked_stay_what_they_were(as_root: APIClient) -> None:
    add(as_root, task="tests.remember", arguments={"api_key": "sesame", "note": "a"})
    shown = as_root.get("/api/schedules/nightly").json()["data"]["arguments"]
    assert shown == {"api_key": "***", "note": "a"}
    change(as_root, arguments=shown | {"note": "b"})
    assert Schedule.objects.get().arguments == {"api_key": "sesame", "note": "b"}


def test_one_is_removed_and_its_jobs_stay(as_root: APIClient) -> None:
    add(as_root)
    job_id = as_root.post("/api/schedules/nightly/run-now").json()["data"]["job_id"]
    assert as_root.delete("/api/schedules/nightly?reason=no+longer").status_code == 200
    assert as_root.get("/api/schedules/nightly").status_code == 404
    assert as_root.get(f"/api/jobs/{job_id}").status_code == 200


def test_each_act_is_recorded_with_what_it_was(as_root: APIClient) -> None:
    add(as_root)
    change(as_root, cron="0 6 * * *", reason="later")
    as_root.delete("/api/schedules/nightly?reason=no+longer")
    entries = AuditEntry.objects.order_by("id")
    assert [(one.verb, one.subject, one.by, one.origin, one.reason) for one in entries] == [
        ("add", "schedule nightly", "root", "REST", "wanted"),
        ("change", "schedule nightly", "root", "REST", "later"),
        ("delete", "schedule nightly", "root", "REST", "no longer"),
    ]
    cron = [[state and state["cron"] for state in (one.before, one.after)] for one in entries]
    assert cron == [[None, "30 9 * * *"], ["30 9 * * *", "0 6 * * *"], ["0 6 * * *", None]]


def test_they_are_for_admins_of_the_tasks_queue(db: None, logged_in: Login) -> None:
    of_crm = logged_in(with_role(a_user("ada"), Role.ADMIN, "crm"))
    operator = logged_in(with_role(a_user("olga"), Role.OPERATOR))
    assert add(operator).status_code == 403
    assert add(of_crm).status_code == 201
    assert add(of_crm, name="foreign", task="echo", arguments={"value": 1}).status_code == 403
    assert change(of_crm, task="echo", arguments={"value": 1}).status_code == 403
    assert [change(operator, cron="0 6 * * *").status_code, operator.delete("/api/schedules/nightly").status_code] == [
        403,
        403,
    ]
    assert Schedule.objects.get().task == "tests.greet"
