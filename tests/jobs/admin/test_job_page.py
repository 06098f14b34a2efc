from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jobs import services
from jobs.admin import copying, job_page
from jobs.api import details
from jobs.clock import Now
from jobs.models import Effect, Job
from jobs.models.job import new_id
from tests.jobs.admin.conftest import page
from tests.jobs.api import states

PAGE = "jobs_job_change"
HOSTILE = "<script>alert(1)</script>\"'{{ 7|add:1 }}"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"


def test_a_completed_job_shows_arguments_and_result(as_viewer: Client, owner: User) -> None:
    job = states.completed(owner.pk, args={"name": "Grace"}, result={"greeting": "hello"}, key="order-7")
    text = page(as_viewer, PAGE, job.pk)
    assert "&quot;name&quot;: &quot;Grace&quot;" in text
    assert "&quot;greeting&quot;: &quot;hello&quot;" in text
    assert "order-7" in text
    assert f"?owner={owner.pk}" in text


def test_a_failed_job_shows_what_happened(as_viewer: Client) -> None:
    text = page(as_viewer, PAGE, states.failed(error="no such address").pk)
    assert "<strong>ValueError</strong>: no such address" in text
    assert "Traceback" in text
    assert "INFO tests: it began" in text


def test_what_operators_did_is_shown(as_viewer: Client) -> None:
    text = page(as_viewer, PAGE, states.cancelled().pk)
    assert "cancel by somebody" in text
    assert "not wanted" in text


def test_effects_and_children_are_shown(as_viewer: Client) -> None:
    job, child = states.running(), states.waiting()
    Job.objects.filter(pk=child.pk).update(parent_id=job.pk)
    Effect.objects.create(key="send:1:ada", job=job, attempt=1, kind="mail", created_at=Now())
    text = page(as_viewer, PAGE, job.pk)
    assert "send:1:ada" in text
    assert f"/admin/jobs/job/{child.pk}/change/" in text


def test_only_the_newest_children_are_shown(as_viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_page, "LATEST", 2)
    job = states.waiting()
    for _ in range(4):
        Job.objects.filter(pk=states.waiting().pk).update(parent_id=job.pk)
    text = page(as_viewer, PAGE, job.pk)
    assert text.count('/change/">tests.greet</a>') == 2
    assert f"?parent={job.pk}" in text


def test_a_job_with_much_around_it_takes_few_queries(as_viewer: Client, owner: User) -> None:
    job = states.completed(owner.pk, result=1)
    for _ in range(5):
        Job.objects.filter(pk=states.waiting().pk).update(parent_id=job.pk)
    with CaptureQueriesContext(connection) as queries:
        page(as_viewer, PAGE, job.pk)
    assert len(queries) <= 14


@pytest.mark.usefixtures("details_of_greetings")
def test_what_its_app_says_of_it_is_shown(as_viewer: Client) -> None:
    text = page(as_viewer, PAGE, states.waiting().pk)
    assert "<dt>emails_synced</dt><dd>1234</dd>" in text


@pytest.fixture
def details_of_greetings() -> Iterator[None]:
    details.register("tests.greet", lambda _: {"emails_synced": 1234})
    yield
    details._details.pop("tests.greet")


def test_a_very_long_result_is_cut(as_viewer: Client) -> None:
    text = page(as_viewer, PAGE, states.completed(result="x" * 100_000).pk)
    assert len(text) < 60_000
    assert "characters more" in text


def test_a_running_job_says_about_how_long_it_may_take_yet(as_viewer: Client) -> None:
    job = states.running()
    Job.objects.filter(pk=job.pk).update(progress_current=30, progress_total=120, started_at=Now(-600))
    assert re.search(r"30 of 120, about (30 min|30 min \d+ s) left", page(as_viewer, PAGE, job.pk))
    Job.objects.filter(pk=job.pk).update(attempt=2)  # it may have begun in the middle
    assert "left" not in page(as_viewer, PAGE, job.pk).partition("30 of 120")[2].partition("</p>")[0]


def test_hostile_text_is_shown_as_text_everywhere(as_viewer: Client, as_superuser: Client) -> None:
    job = states.failed(error=HOSTILE, key=HOSTILE, args={"name": HOSTILE})
    services.retry(job.pk, by=HOSTILE, reason=HOSTILE)
    Job.objects.filter(pk=job.pk).update(progress_message=HOSTILE, progress_current=1, progress_total=2, worker=HOSTILE)
    Effect.objects.create(key=HOSTILE, job=job, attempt=1, kind="mail", provider_id=HOSTILE, created_at=Now())
    pages = [
        page(as_viewer, PAGE, job.pk),
        page(as_viewer, "jobs_job_changelist"),
        page(as_viewer, "jobs_job_changelist", q=HOSTILE),
    ]
    pages += [page(as_superuser, f"jobs_{model}_changelist") for model in ("attempt", "jobevent", "effect")]
    for text in pages:
        assert "<script>alert" not in text
        assert ESCAPED in text
        assert "&#x27;8" not in text


@pytest.mark.parametrize("job_id", [str(new_id()), "nonsense", "_00", "9" * 500])
def test_a_job_that_is_none_leads_back(as_viewer: Client, job_id: str) -> None:
    response = as_viewer.get(f"/admin/jobs/job/{job_id}/change/", follow=True)
    assert response.status_code == 200
    assert b"exist" in response.content


@pytest.mark.parametrize(
    ("make", "offered"),
    [
        (states.waiting, {"cancel"}),
        (states.retrying, {"cancel"}),
        (states.running, {"cancel"}),
        (states.completed, set()),
        (states.failed, {"retry"}),
        (states.dead, {"retry"}),
        (states.cancelled, {"retry"}),
        (states.in_doubt, set()),
    ],
)
def test_buttons_fit_the_state(as_operator: Client, make: Callable[[], Job], offered: set[str]) -> None:
    job = make()
    text = page(as_operator, PAGE, job.pk)
    assert {verb for verb in ("cancel", "retry") if f"/{job.pk}/{verb}/" in text} == offered


def test_who_may_only_look_has_no_buttons(as_viewer: Client) -> None:
    job = states.waiting()
    assert f"/{job.pk}/cancel/" not in page(as_viewer, PAGE, job.pk)


def test_staff_without_a_role_see_their_own_jobs_only(as_staff: Client, staff: User) -> None:
    theirs, foreign = states.waiting(staff.pk), states.waiting()
    listed = page(as_staff, "jobs_job_changelist")
    assert (str(theirs.pk) in listed, str(foreign.pk) in listed) == (True, False)
    assert as_staff.get(f"/admin/jobs/job/{foreign.pk}/change/").status_code == 302
    assert as_staff.get(f"/admin/jobs/job/{foreign.pk}/cancel/").status_code == 404


def test_nobody_adds_edits_or_deletes_a_job_by_hand(as_superuser: Client) -> None:
    job = states.waiting()
    assert as_superuser.get("/admin/jobs/job/add/").status_code == 403
    assert as_superuser.post(f"/admin/jobs/job/{job.pk}/delete/", {"post": "yes"}).status_code == 403
    as_superuser.post(f"/admin/jobs/job/{job.pk}/change/", {"status": "completed", "task": "other"})
    job.refresh_from_db()
    assert (job.status, job.task) == ("pending", "tests.greet")


def test_its_states_are_drawn_with_the_time_spent(as_viewer: Client) -> None:
    text = page(as_viewer, PAGE, states.failed().pk)
    assert 'class="jobs-state jobs-failed jobs-now"' in text
    assert "It is failed now." in text
    assert text.count('class="jobs-way"') == 2


def test_its_story_is_told_in_order(as_viewer: Client) -> None:
    text = page(as_viewer, PAGE, states.failed(error="no such address").pk)
    assert text.index("enqueued in request") < text.index("attempt 1 began") < text.index("attempt 1 ended")


def test_the_like_can_be_enqueued_by_a_pasted_line(as_viewer: Client) -> None:
    job = states.waiting(args={"name": "it's"}, priority=2)
    command = copying.as_command(job, job.arguments)
    words = shlex.split(command)
    assert json.loads(words[words.index("--args") + 1]) == {"name": "it's"}
    curl = shlex.split(copying.as_curl(job, job.arguments, "http://x/api/jobs"))
    assert json.loads(curl[curl.index("-d") + 1]) == {"task": "tests.greet", "args": {"name": "it's"}, "priority": 2}
    assert "http://testserver/api/jobs" in page(as_viewer, PAGE, job.pk)


def test_only_what_is_masked_can_be_revealed(as_superuser: Client) -> None:
    plain, secret = states.waiting(), states.waiting(task="tests.remember", args={"api_key": "hunter2"})
    assert "/reveal/" not in page(as_superuser, "jobs_job_change", plain.pk)
    assert f"/admin/jobs/job/{secret.pk}/reveal/" in page(as_superuser, "jobs_job_change", secret.pk)
