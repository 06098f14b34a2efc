"""What the pages show besides: history, tasks, overview, quarantine, audit, roles, tokens, causes in stages."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from rest_framework.test import APIClient

from jobs import batches, lifecycle, reports, services, tokens
from jobs.models import AuditEntry, Effect, Grant, Job, Quarantine, Role
from tests.jobs import test_audit
from tests.jobs.api import states
from tests.jobs.api.conftest import Login
from tests.jobs.api.people import a_user, with_role

unguarded = test_audit.unguarded  # a fixture


@pytest.fixture
def as_root(superuser: User, logged_in: Login) -> APIClient:
    return logged_in(superuser)


def quarantined(head: str) -> None:
    Quarantine.objects.create(queue="email", reason="not JSON", digest="ab", size=len(head), head=head)


def data(answer: Any) -> Any:
    assert answer.status_code == 200, answer.json()
    return answer.json()["data"]


def test_the_history_of_a_job_has_what_its_page_has(as_owner: APIClient, owner: User) -> None:
    job = states.failed(owner.pk, task="tests.remember", args={"api_key": "sesame", "note": "a"})
    Effect.objects.create(key="mail", job=job, attempt=1, kind="mail", status="confirmed", created_at=job.created_at)
    child = states.waiting(owner.pk)
    Job.objects.filter(pk=child.pk).update(parent_id=job.pk)
    told = data(as_owner.get(f"/api/jobs/{job.pk}/history"))
    assert told["arguments"] == {"api_key": "***", "note": "a"}
    [attempt] = told["attempts"]
    assert (attempt["outcome"], attempt["error"], "ValueError" in attempt["traceback"]) == (
        "failed",
        "no such address",
        True,
    )
    assert (attempt["log"], told["effects"][0]["key"], told["children"]) == (
        "INFO tests: it began",
        "mail",
        [str(child.pk)],
    )
    assert {"enqueued", "began", "ended", "effect", "child"} <= {moment["kind"] for moment in told["moments"]}
    assert {"pending", "processing", "failed"} == set(told["times"])


def test_a_child_that_is_anothers_is_not_in_it(as_owner: APIClient, owner: User, other: User) -> None:
    job, child = states.waiting(owner.pk), states.waiting(other.pk)
    Job.objects.filter(pk=child.pk).update(parent_id=job.pk)
    assert data(as_owner.get(f"/api/jobs/{job.pk}/history"))["children"] == []


def test_the_trace_of_a_job_is_told(as_owner: APIClient, owner: User) -> None:
    job = states.waiting(owner.pk)
    assert data(as_owner.get(f"/api/jobs/{job.pk}"))["trace_id"] is None
    Job.objects.filter(pk=job.pk).update(trace="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    assert data(as_owner.get(f"/api/jobs/{job.pk}"))["trace_id"] == "0af7651916cd43dd8448eb211c80319c"


def test_tasks_are_listed_with_what_they_take(as_staff: APIClient, as_owner: APIClient, logged_in: Login) -> None:
    tasks = {row["task"]: row for row in data(as_staff.get("/api/tasks"))["tasks"]}
    greet = tasks["tests.greet"]
    assert (greet["queue"], greet["arguments"][0]) == (
        "crm",
        {"name": "name", "type": "str", "required": False, "default": "Ada"},
    )
    assert tasks["tests.greet_user"]["arguments"][0]["required"]
    assert data(as_owner.get("/api/tasks"))["tasks"] == []
    of_crm = logged_in(with_role(a_user("ada"), Role.OPERATOR, "crm"))
    assert {row["queue"] for row in data(of_crm.get("/api/tasks"))["tasks"]} == {"crm"}


def test_the_overview_is_of_the_queues_that_one_sees(
    as_viewer: APIClient, as_owner: APIClient, logged_in: Login
) -> None:
    states.dead()
    quarantined("{")
    everything = data(as_viewer.get("/api/overview?period=day"))
    assert [line["queue"] for line in everything["queues"]] == ["email", "ai", "crm"]
    assert (everything["trouble"]["dead"], everything["quarantined"], everything["period"]) == (1, 1, "day")
    assert {part["name"] for part in everything["parts"]} == {"Workers", "Dispatcher", "Broker", "Database"}
    assert "no_worker" in {finding["name"] for finding in everything["findings"]}
    of_email = data(logged_in(with_role(a_user("ada"), Role.VIEWER, "email")).get("/api/overview"))
    assert [line["queue"] for line in of_email["queues"]] == ["email"]
    assert (of_email["trouble"]["dead"], of_email["quarantined"], of_email["findings"]) == (0, 0, [])
    assert as_owner.get("/api/overview").status_code == 403


def test_what_is_quarantined_is_seen_and_thrown_away(as_staff: APIClient, as_viewer: APIClient) -> None:
    for number in range(3):
        quarantined(f"{{{number}")
    page = data(as_viewer.get("/api/quarantine?limit=2"))
    assert ([row["head"] for row in page["messages"]], page["count"]) == (["{2", "{1"], 2)
    [last] = data(as_viewer.get(f"/api/quarantine?before={page['next']}"))["messages"]
    address = f"/api/quarantine/{last['message_id']}"
    assert as_viewer.delete(address).status_code == 403
    assert data(as_staff.delete(f"{address}?reason=noise")) == {"message_id": last["message_id"]}
    assert as_staff.delete(address).status_code == 404
    assert as_staff.delete("/api/quarantine/99999999999999999999").status_code == 404
    assert (Quarantine.objects.count(), AuditEntry.objects.get().reason) == (2, "noise")


def test_the_audit_is_read_by_who_what_and_whom(as_root: APIClient, as_staff: APIClient) -> None:
    services.pause(queue="email", by="ann", reason="calm", origin="admin")
    services.pause(queue="crm", by="bob")
    services.resume(queue="crm", by="bob")
    assert [row["verb"] for row in data(as_root.get("/api/audit"))["entries"]] == ["resume", "pause", "pause"]
    [row] = data(as_root.get("/api/audit?by=ann&verb=pause&subject=queue"))["entries"]
    assert (row["subject"], row["reason"], row["origin"], len(row["hash"])) == ("queue email", "calm", "admin", 64)
    first = data(as_root.get("/api/audit?limit=1"))
    assert data(as_root.get(f"/api/audit?before={first['next']}"))["count"] == 2
    assert as_staff.get("/api/audit").status_code == 403


def test_the_audits_chain_is_checked(as_root: APIClient, as_staff: APIClient) -> None:
    services.pause(queue="email", by="ann")
    sound = data(as_root.get("/api/audit/verify"))
    assert (sound["sound"], sound["first_broken"], sound["entries"]) == (True, None, 1)
    assert data(as_root.get(f"/api/audit/verify?head={sound['head']}"))["sound"] is True
    cut_off = data(as_root.get("/api/audit/verify?head=abc"))
    assert (cut_off["sound"], cut_off["head_missing"]) == (False, True)
    assert as_staff.get("/api/audit/verify").status_code == 403


def test_a_long_audit_is_checked_in_parts(as_root: APIClient, monkeypatch: pytest.MonkeyPatch, unguarded: None) -> None:
    monkeypatch.setattr("jobs.api.audit.AT_ONCE", 2)
    for _ in range(2):
        services.pause(queue="email", by="ann")
        services.resume(queue="email", by="ann")
    services.pause(queue="email", by="ann")
    numbers = list(AuditEntry.objects.order_by("pk").values_list("pk", flat=True))
    assert parts(as_root) == [(2, numbers[1], None), (2, numbers[3], None), (1, None, None)]
    AuditEntry.objects.filter(pk=numbers[1]).delete()
    assert data(as_root.get(f"/api/audit/verify?after={numbers[1]}"))["first_broken"] == numbers[2]
    AuditEntry.objects.filter(pk=numbers[3]).update(reason="another")
    assert parts(as_root, numbers[2]) == [(0, None, numbers[3])]


def parts(client: APIClient, after: int | None = None) -> list[tuple[int, int | None, int | None]]:
    """Of each check: how many were sound, where the next begins, and what is broken."""
    checked = data(client.get("/api/audit/verify" + (f"?after={after}" if after else "")))
    this = (checked["entries"], checked["next"], checked["first_broken"])
    return [this, *(parts(client, checked["next"]) if checked["next"] else [])]


def test_an_audit_that_was_changed_behind_its_back_is_not_sound(as_root: APIClient, unguarded: None) -> None:
    services.pause(queue="email", by="ann")
    entry = AuditEntry.objects.get()
    AuditEntry.objects.update(by="nobody")
    changed = data(as_root.get("/api/audit/verify"))
    assert (changed["sound"], changed["first_broken"]) == (False, entry.pk)


def test_a_role_is_given_and_taken_back(as_root: APIClient, as_staff: APIClient, owner: User) -> None:
    body = {"user": "owner", "role": "viewer", "queue": "crm", "reason": "helps out"}
    row = data(as_root.post("/api/grants", body, format="json"))
    assert (row["user"], row["role"], row["queue"]) == ("owner", "viewer", "crm")
    assert row in data(as_root.get("/api/grants"))["grants"]
    assert as_staff.get("/api/grants").status_code == 403
    assert as_staff.post("/api/grants", body, format="json").status_code == 403
    assert data(as_root.delete(f"/api/grants/{row['grant_id']}?reason=left")) == {"grant_id": row["grant_id"]}
    assert as_root.delete(f"/api/grants/{row['grant_id']}").status_code == 404
    recorded = AuditEntry.objects.order_by("pk").values_list("verb", "by", "origin", "reason")
    assert list(recorded) == [("grant", "root", "REST", "helps out"), ("revoke", "root", "REST", "left")]


def test_a_role_of_a_group(as_root: APIClient) -> None:
    group = Group.objects.create(name="desk")
    assert data(as_root.post("/api/grants", {"group": "desk", "role": "admin"}, format="json"))["queue"] is None
    assert Grant.objects.get().group == group


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "viewer"}, "user"),
        ({"role": "viewer", "user": "nobody"}, "user"),
        ({"role": "viewer", "group": "nobody"}, "group"),
        ({"role": "viewer", "user": "root", "group": "desk"}, "user"),
        ({"role": "king", "user": "root"}, "role"),
        ({"role": "viewer", "user": "root", "queue": "post"}, "queue"),
    ],
)
def test_a_role_that_makes_no_sense_is_refused(as_root: APIClient, body: dict[str, str], field: str) -> None:
    answer = as_root.post("/api/grants", body, format="json")
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_tokens_are_seen_without_their_secret_and_revoked(as_root: APIClient, owner: User) -> None:
    made, secret = tokens.make(owner, days=7, by="ann", prefix="fk-read-")
    answer = as_root.get("/api/tokens")
    [row] = data(answer)["tokens"]
    assert (row["user"], row["scope"], secret not in answer.content.decode()) == ("owner", "read", True)
    assert data(as_root.delete(f"/api/tokens/{made.token_key}")) == {"token_key": made.token_key}
    assert as_root.delete(f"/api/tokens/{made.token_key}").status_code == 404


def test_a_cause_is_run_again_a_few_first(as_staff: APIClient) -> None:
    jobs = [states.failed() for _ in range(7)]
    address = f"/api/failures/{jobs[0].fingerprint}"
    assert data(as_staff.get(address))["stage"] == {"jobs": 0, "counts": {}, "verdict": "none", "next_size": 5}
    done = data(as_staff.post(f"{address}/stage", {"reason": "mended"}, format="json"))
    assert (done["retried"], done["stage"]["counts"], done["stage"]["verdict"]) == (5, {"pending": 5}, "going")
    assert data(as_staff.get(address))["count"] == 2


def test_it_stops_by_itself_when_they_fail_again(as_staff: APIClient) -> None:
    jobs = [states.failed() for _ in range(3)]
    address = f"/api/failures/{jobs[0].fingerprint}/stage"
    as_staff.post(address, {"size": 1}, format="json")
    lifecycle.fail(states.claimed(jobs[0]), reports.of_exception(ValueError("no such address")))
    refused = as_staff.post(address, {"size": 2}, format="json")
    assert (refused.status_code, refused.json()["field"]) == (400, "anyway")
    assert data(as_staff.post(address, {"size": 2, "anyway": True}, format="json"))["retried"] == 2


def test_a_cause_is_of_jobs_that_one_sees(as_owner: APIClient, as_viewer: APIClient, other: User) -> None:
    job = states.failed(other.pk)
    for address in (f"/api/failures/{job.fingerprint}", "/api/failures/absent"):
        assert as_owner.get(address).status_code == as_owner.post(f"{address}/stage").status_code == 404
    assert as_viewer.post(f"/api/failures/{job.fingerprint}/stage").status_code == 403


def test_batches_within_one_are_listed(as_staff: APIClient) -> None:
    outer = batches.create("outer")
    inner = batches.create("inner", parent=outer)
    rows = data(as_staff.get(f"/api/batches?parent_id={outer.pk}"))["batches"]
    assert [row["batch_id"] for row in rows] == [str(inner.pk)]
