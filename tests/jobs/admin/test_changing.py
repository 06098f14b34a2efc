"""A waiting job's time, priority and arguments are changed on its page."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs import masking
from jobs.models import AuditEntry, Job
from tests.jobs.admin.conftest import text_of
from tests.jobs.api import states

LATER = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)


def address(job: Job) -> str:
    return f"/admin/jobs/job/{job.pk}/change-turn/"


def typed(job: Job, **changes: str) -> dict[str, str]:
    """The form as its page shows it, and what was changed on it."""
    shown = {
        "run_at": f"{job.run_at:%Y-%m-%dT%H:%M:%S}",
        "priority": str(job.priority),
        "args": json.dumps(masking.arguments(job)),
        "reason": "",
    }
    return shown | changes


def test_time_and_priority_are_changed_and_recorded(as_operator: Client) -> None:
    job = states.waiting()
    assert "priority 5" in text_of(as_operator.get(address(job)))
    body = typed(job, run_at="2031-05-06T07:08:09", priority="1", reason="after the holidays")
    assert "is changed" in text_of(as_operator.post(address(job), body, follow=True))
    job.refresh_from_db()
    assert (job.run_at, job.priority, job.dispatch_at) == (LATER, 1, LATER)
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.by, entry.reason, entry.origin) == ("change", "operator", "after the holidays", "admin")
    before, after = entry.before or {}, entry.after or {}
    assert (before["priority"], after["priority"]) == (5, 1)


def test_arguments_are_changed_with_what_is_masked_left_as_it_is(as_operator: Client) -> None:
    job = states.waiting(task="tests.remember", args={"api_key": "k-1", "note": "old"})
    assert "k-1" not in as_operator.get(address(job)).content.decode()
    body = typed(job, args='{"api_key": "***", "note": "new"}', priority="1")
    assert "is changed" in text_of(as_operator.post(address(job), body, follow=True))
    job.refresh_from_db()
    assert (job.arguments, job.priority) == ({"api_key": "k-1", "note": "new"}, 1)
    assert [entry.origin for entry in AuditEntry.objects.all()] == ["admin", "admin"]


@pytest.mark.parametrize(
    ("args", "says"),
    [("{", "Enter a valid JSON"), ("[1]", "by name"), ('{"nam": "Bea"}', "nam"), ('{"name": 7}', "valid string")],
)
def test_wrong_arguments_change_nothing_and_what_was_typed_stays(as_operator: Client, args: str, says: str) -> None:
    job = states.waiting()
    page = as_operator.post(address(job), typed(job, args=args, priority="1", reason="because"))
    assert (page.status_code, says in text_of(page), "because" in page.content.decode()) == (200, True, True)
    after = Job.objects.get(pk=job.pk)
    assert (after.arguments, after.priority, AuditEntry.objects.exists()) == (job.arguments, 5, False)


@pytest.mark.parametrize(
    "args", ["[" * 100_000, '{"name":' * 100_000, '{"name": "a\\u0000"}', '{"name": "\\ud800"}', '{"name": NaN}']
)
def test_hostile_json_is_refused_on_the_form(as_operator: Client, args: str) -> None:
    job = states.waiting()
    page = as_operator.post(address(job), typed(job, args=args))
    assert (page.status_code, "errorlist" in page.content.decode()) == (200, True)
    assert Job.objects.get(pk=job.pk).arguments == job.arguments


def test_arguments_are_for_who_may_enqueue_the_task(as_staff: Client, staff: User) -> None:
    job = states.waiting(staff.pk)
    assert 'name="args"' not in as_staff.get(address(job)).content.decode()
    as_staff.post(address(job), typed(job, args='{"name": "Bea"}', run_at="2031-05-06T07:08:09"))
    job.refresh_from_db()
    assert (job.run_at, job.arguments) == (LATER, {"name": "Ada"})


def test_what_was_not_touched_stays(as_operator: Client) -> None:
    job = states.waiting()
    as_operator.post(address(job), typed(job, priority="0"))
    after = Job.objects.get(pk=job.pk)
    assert (after.run_at, after.priority) == (job.run_at, 0)


def test_a_form_with_nothing_changed_says_so(as_operator: Client) -> None:
    job = states.waiting()
    assert "Say what to change" in text_of(as_operator.post(address(job), typed(job), follow=True))


@pytest.mark.parametrize(
    "wrong", [{"run_at": "soon"}, {"run_at": "9999-12-31T23:59:59"}, {"priority": "10"}, {"reason": "x" * 301}]
)
def test_what_cannot_be_is_refused_on_the_form(as_operator: Client, wrong: dict[str, str]) -> None:
    job = states.waiting()
    page = as_operator.post(address(job), typed(job, **wrong))
    assert (page.status_code, "errorlist" in page.content.decode()) == (200, True)
    assert Job.objects.get(pk=job.pk).run_at == job.run_at


def test_a_job_that_runs_meanwhile_is_said_so(as_operator: Client) -> None:
    job = states.running()
    assert "only one that waits" in text_of(as_operator.post(address(job), typed(job, priority="0"), follow=True))


def test_an_owner_may_change_the_time_but_hurries_past_nobody(as_staff: Client, staff: User) -> None:
    job = states.waiting(staff.pk)
    assert 'name="priority"' not in as_staff.get(address(job)).content.decode()
    as_staff.post(address(job), typed(job, run_at="2031-05-06T07:08:09", priority="0"))
    job.refresh_from_db()
    assert (job.run_at, job.priority) == (LATER, 5)


@pytest.mark.parametrize(("who", "status"), [("as_viewer", 403), ("as_staff", 404)])
def test_who_may_not_steer_is_refused(request: pytest.FixtureRequest, who: str, status: int) -> None:
    client: Client = request.getfixturevalue(who)
    job = states.waiting()
    assert client.post(address(job), typed(job, priority="0")).status_code == status
    assert Job.objects.get(pk=job.pk).priority == 5


def test_the_button_is_there_while_it_waits(as_operator: Client) -> None:
    waits, ended = states.waiting(), states.completed()
    shown = [
        "jobs-change" in as_operator.get(f"/admin/jobs/job/{job.pk}/change/").content.decode() for job in (waits, ended)
    ]
    assert shown == [True, False]
