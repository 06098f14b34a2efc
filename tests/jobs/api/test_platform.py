"""Queues, workers, schedules, effects and failures over REST."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from jobs import lifecycle, reports
from jobs.models import AuditEntry, Effect, Job, Schedule, WorkerBeat
from tests.jobs.api import states
from tests.jobs.api.conftest import Login


@pytest.fixture
def as_root(superuser: User, logged_in: Login) -> APIClient:
    return logged_in(superuser)


@pytest.fixture
def beat(db: None) -> WorkerBeat:
    now = timezone.now()
    return WorkerBeat.objects.create(
        boot=uuid.uuid4(), name="crm@here", host="here", pid=1, queues=["crm"], slots=4, started_at=now, beat_at=now
    )


def schedule_of(user: User | None, name: str = "nightly") -> Schedule:
    return Schedule.objects.create(
        name=name, task="tests.greet", arguments={}, cron="0 3 * * *", owner_id=user.pk if user else None
    )


def doubt_of(user: User) -> Effect:
    job = states.waiting(user.pk)
    claim = states.claimed(job)
    effect = Effect.objects.create(
        key=f"mail:{job.pk}", job=job, attempt=1, kind="mail", status="attempting", created_at=timezone.now()
    )
    lifecycle.doubt(claim, reports.of_text("the connection broke after the last byte"))
    return effect


def test_queues_show_staff_everything_and_others_their_own(
    as_staff: APIClient, as_owner: APIClient, owner: User, other: User, beat: WorkerBeat
) -> None:
    states.waiting(owner.pk)
    states.waiting(other.pk, delay=60)
    [crm] = [row for row in as_staff.get("/api/queues").json()["data"]["queues"] if row["queue"] == "crm"]
    assert (crm["state"], crm["workers"], crm["slots"], crm["counts"]["delayed"]) == ("ok", 1, 4, 1)
    [mine] = [row for row in as_owner.get("/api/queues").json()["data"]["queues"] if row["queue"] == "crm"]
    assert mine["counts"] == {"waiting": 1, "delayed": 0, "running": 0}
    assert (mine["workers"], mine["recent"]) == (None, None)


def test_a_period_that_there_is_not_is_refused(as_staff: APIClient) -> None:
    assert as_staff.get("/api/queues?period=year").json()["field"] == "period"


def test_workers_are_for_staff(as_staff: APIClient, as_owner: APIClient, beat: WorkerBeat) -> None:
    job = states.running()
    Job.objects.filter(pk=job.pk).update(boot=beat.boot)
    [worker] = as_staff.get("/api/workers").json()["data"]["workers"]
    assert (worker["name"], worker["jobs"][0]["job_id"]) == ("crm@here", str(job.pk))
    assert as_owner.get("/api/workers").status_code == 403


def test_a_schedule_is_paused_resumed_and_run(as_root: APIClient, owner: User) -> None:
    schedule_of(owner)
    assert as_root.post("/api/schedules/nightly/pause", {"reason": "holidays"}, format="json").json()["data"]["paused"]
    assert as_root.get("/api/schedules").json()["data"]["schedules"][0]["next"] == []
    assert len(as_root.post("/api/schedules/nightly/resume").json()["data"]["next"]) == 5
    response = as_root.post("/api/schedules/nightly/run-now")
    job = Job.objects.get()
    assert (response.status_code, job.task, job.owner_id) == (202, "tests.greet", owner.pk)
    assert list(AuditEntry.objects.values_list("verb", flat=True)) == ["run now", "resume", "pause"]


def test_people_see_their_own_schedules_and_change_none(as_owner: APIClient, owner: User, other: User) -> None:
    schedule_of(owner)
    schedule_of(other, "theirs")
    assert [row["name"] for row in as_owner.get("/api/schedules").json()["data"]["schedules"]] == ["nightly"]
    assert as_owner.post("/api/schedules/nightly/pause").status_code == 403
    theirs, none = as_owner.post("/api/schedules/theirs/pause"), as_owner.post("/api/schedules/absent/pause")
    assert (theirs.status_code, theirs.json()["code"]) == (none.status_code, none.json()["code"]) == (404, "NOT_FOUND")


def test_an_effect_in_doubt_is_listed_and_resolved(as_root: APIClient, owner: User) -> None:
    effect = doubt_of(owner)
    [row] = as_root.get("/api/effects").json()["data"]["effects"]
    assert (row["effect_id"], row["kind"], row["user_id"]) == (effect.pk, "mail", owner.pk)
    body = {"happened": True, "reason": "it is in the Sent folder"}
    assert as_root.post(f"/api/effects/{effect.pk}/resolve", body, format="json").json()["data"]["status"] == "pending"
    effect.refresh_from_db()
    assert (effect.status, effect.settled_by) == ("confirmed", "root")
    assert as_root.get("/api/effects").json()["data"]["count"] == 0


def test_people_see_their_own_doubts_and_settle_none(as_owner: APIClient, owner: User, other: User) -> None:
    mine, theirs = doubt_of(owner), doubt_of(other)
    assert [row["effect_id"] for row in as_owner.get("/api/effects").json()["data"]["effects"]] == [mine.pk]
    body = {"happened": False, "reason": "I say so"}
    assert as_owner.post(f"/api/effects/{mine.pk}/resolve", body, format="json").status_code == 403
    assert as_owner.post(f"/api/effects/{theirs.pk}/resolve", body, format="json").json()["code"] == "EFFECT_NOT_FOUND"
    assert as_owner.post("/api/effects/999999999999999999999/resolve", body, format="json").status_code == 404


def test_failures_are_grouped_and_only_of_what_one_sees(
    as_staff: APIClient, as_owner: APIClient, owner: User, other: User
) -> None:
    states.dead(owner.pk)
    states.dead(other.pk)
    states.failed(other.pk)
    groups = as_staff.get("/api/failures").json()["data"]["failures"]
    assert [(group["jobs"], group["owners"]) for group in groups] == [(2, 2), (1, 1)]
    [mine] = as_owner.get("/api/failures").json()["data"]["failures"]
    assert (mine["jobs"], mine["error"]) == (1, "connection reset")
    found = as_owner.get("/api/jobs", {"q": mine["q"]}).json()["data"]
    assert found["count"] == 1
