"""What looks secret is masked wherever a job is shown; revealing it asks for a role and a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client
from django_celery_results.models import TaskResult
from rest_framework.test import APIClient

from jobs import masking, query, reports
from jobs.clock import Now
from jobs.masking import MASK
from jobs.models import AuditEntry, Batch, Grant, Job, Role, Schedule
from jobs.queues import crm_queue
from tests.jobs.api import states

pytestmark = pytest.mark.django_db
CANARY = "c4n4ry-5ecret"


@crm_queue.task(name="tests.log_in", sensitive=("pet",))
def log_in(user: str, password: str, pet: str, more: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"session_token": password}


def _nothing() -> None: ...


ARGS = {"user": "ann", "password": CANARY, "pet": CANARY, "more": {"list": [{"apiKey": CANARY, "page": 2}]}}


@pytest.fixture
def job(db: None) -> Job:
    return states.completed(
        task="tests.log_in", args=ARGS, result={"session_token": CANARY, "pet": CANARY, "name": "ann"}
    )


@pytest.mark.parametrize(
    "name",
    ["password", "smtp_password", "userPassword", "token", "access_token", "accesstoken", "apiKey", "API_KEY", "key",
     "Authorization", "cookie", "Set-Cookie", "client-secret", "credentials", "pin"],
)  # fmt: skip
def test_a_name_that_looks_secret_is_masked(name: str) -> None:
    assert masking.masked({name: "x"}) == {name: MASK}


@pytest.mark.parametrize("name", ["total_tokens", "keyword", "monkey", "author", "to", "subject", "pinned", "keyboard"])
def test_a_name_that_does_not_is_shown(name: str) -> None:
    assert masking.masked({name: "x"}) == {name: "x"}


def test_what_is_empty_is_seen_to_be_empty() -> None:
    assert masking.masked({"token": None, "password": ""}) == {"token": None, "password": ""}


def test_values_are_masked_at_any_depth_and_nothing_is_too_deep() -> None:
    deep: Any = {"token": CANARY}
    for _ in range(900):
        deep = {"a": [deep]}
    assert CANARY not in json.dumps(masking.masked(deep))


def test_a_declared_name_is_masked_in_arguments_and_results(job: Job) -> None:
    assert masking.arguments(job) == {
        "user": "ann", "password": MASK, "pet": MASK, "more": {"list": [{"apiKey": MASK, "page": 2}]},
    }  # fmt: skip
    assert masking.result(job) == {"session_token": MASK, "pet": MASK, "name": "ann"}


def test_a_whole_result_is_masked_where_its_task_says_so(forgotten_tasks: None) -> None:
    crm_queue.task(name="tests.secret", sensitive=("result",))(_nothing)
    assert masking.of_result("tests.secret", ["a"]) == MASK


def test_what_was_shown_masked_and_comes_back_is_what_was_kept() -> None:
    kept = {"token": "t", "list": [{"key": "k"}], "to": "ann"}
    given = masking.masked(kept) | {"to": "bob"}
    assert masking.restored(given, kept) == kept | {"to": "bob"}


def test_nobody_meets_it_by_the_way(job: Job, admin_client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    batch = Batch.objects.create(
        correlation_id="x", created_at=Now(), on_success={"task": "tests.log_in", "args": ARGS}
    )
    schedule = Schedule.objects.create(name="s", task="tests.log_in", arguments=ARGS, every=60, created_at=Now())
    result = TaskResult.objects.get(task_id=str(job.pk))
    for path in (
        f"jobs/job/{job.pk}/change/",
        f"jobs/batch/{batch.pk}/change/",
        f"jobs/schedule/{schedule.pk}/change/",
        f"django_celery_results/taskresult/{result.pk}/change/",
        "jobs/job/",
        "django_celery_results/taskresult/",
    ):
        response = admin_client.get(f"/admin/{path}")
        assert (response.status_code, CANARY in response.content.decode()) == (200, False), path
    for path in (f"jobs/{job.pk}", f"jobs/{job.pk}/why", "jobs"):
        assert CANARY not in admin_client.get(f"/api/{path}").content.decode()
    for words in (["job", str(job.pk)], ["job", str(job.pk), "--json"], ["jobs", "--json"]):
        call_command(*words)
    assert CANARY not in capsys.readouterr().out


def test_saving_a_schedule_keeps_what_was_masked(admin_client: Client) -> None:
    schedule = Schedule.objects.create(name="s", task="tests.log_in", arguments=ARGS, every=60, created_at=Now())
    form = admin_client.get(f"/admin/jobs/schedule/{schedule.pk}/change/").context["adminform"].form
    given = {name: form[name].value() for name in form.fields}
    given |= {
        "arguments": json.dumps(given["arguments"]) if isinstance(given["arguments"], dict) else given["arguments"]
    }
    posted = {name: value for name, value in given.items() if value not in (None, False)} | {"every": "90"}
    assert admin_client.post(f"/admin/jobs/schedule/{schedule.pk}/change/", posted).status_code == 302
    schedule.refresh_from_db()
    assert (schedule.arguments, schedule.every) == (ARGS, 90)
    assert CANARY not in json.dumps(AuditEntry.objects.get().before)


@pytest.mark.parametrize("text", ["args.token:x", "args.pet:cat", "-args.more.apiKey:x", "args.credentials.user:ann"])
def test_nothing_is_found_by_what_is_masked(text: str) -> None:
    with pytest.raises(query.BadQuery, match="is masked"):
        query.condition(text)
    assert not [offered for offered in query.suggest("task:tests.log_in args.p") if "pa" in offered.text.split(".")[-1]]


@pytest.mark.parametrize("text", ["password=x9", "{'api_key': 'x9'}", '"token": "x9"', "Authorization: Bearer x9"])
def test_an_error_is_kept_without_it(text: str) -> None:
    report = reports.of_exception(ValueError(f"refused: {text}"), log=text)
    assert "x9" not in report.error + report.traceback + report.log


def test_a_long_error_is_cleaned_at_once() -> None:
    assert len(reports.clean("token" * 40_000)) == 200_000


def test_an_admin_reveals_it_with_a_reason_that_is_kept(job: Job, admin_client: Client) -> None:
    path = f"/admin/jobs/job/{job.pk}/reveal/"
    assert CANARY not in admin_client.get(path).content.decode()
    assert CANARY not in admin_client.post(path, {"reason": " "}).content.decode()
    assert CANARY in admin_client.post(path, {"reason": "the customer asks"}).content.decode()
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.subject, entry.by, entry.reason) == (
        "reveal", f"job {job.pk}", "admin", "the customer asks",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("role", "permitted", "status"),
    [("", False, 403), ("", True, 403), ("viewer", False, 403), ("viewer", True, 200), ("operator", False, 403),
     ("admin", False, 200)],
)  # fmt: skip
def test_who_may_reveal(job: Job, role: str, permitted: bool, status: int) -> None:
    ann = User.objects.create_user("ann")
    Job.objects.update(owner_id=ann.pk)
    if role:
        Grant.objects.create(user=ann, role=Role(role), queue="crm")
    if permitted:
        ann.user_permissions.add(Permission.objects.get(codename="reveal_job"))
    client = APIClient()
    client.force_login(ann)
    response = client.post(f"/api/jobs/{job.pk}/reveal", {"reason": "a complaint"}, format="json")
    assert response.status_code == status
    assert AuditEntry.objects.filter(verb="reveal").exists() is (status == 200)


def test_over_rest_a_reason_is_asked_for(job: Job, admin_client: Client) -> None:
    response = admin_client.post(f"/api/jobs/{job.pk}/reveal", {}, content_type="application/json")
    assert (response.status_code, response.json()["field"]) == (400, "reason")
    body = admin_client.post(f"/api/jobs/{job.pk}/reveal", {"reason": "x"}, content_type="application/json").json()
    assert body["data"]["args"]["password"] == CANARY


def test_the_command_reveals_with_a_reason(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="Say why"):
        call_command("job", str(job.pk), "--reveal")
    call_command("job", str(job.pk), "--reveal", "--reason", "a complaint", "--json")
    assert json.loads(capsys.readouterr().out)["args"] == ARGS
    assert AuditEntry.objects.get().origin == "command"
