from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs.admin import steering
from jobs.clock import Now
from jobs.models import Effect, Job, JobEvent
from tests.jobs.admin.conftest import text_of
from tests.jobs.api import states


def status_of(job: Job) -> str:
    return str(Job.objects.values_list("status", flat=True).get(pk=job.pk))


def press(client: Client, verb: str, jobs: list[Job], query: str = "", **more: Any) -> str:
    body = {"action": f"{verb}_selected", "_selected_action": [str(job.pk) for job in jobs]} | more
    return text_of(client.post(f"/admin/jobs/job/{query}", body, follow=True))


def test_a_job_is_cancelled_only_after_asking_back(as_operator: Client) -> None:
    job = states.waiting()
    text = text_of(as_operator.get(f"/admin/jobs/job/{job.pk}/cancel/"))
    assert "Cancel?" in text
    assert status_of(job) == "pending"
    text = text_of(as_operator.post(f"/admin/jobs/job/{job.pk}/cancel/", {"reason": "entered twice"}, follow=True))
    assert "cancelled before any effect." in text
    assert status_of(job) == "cancelled"
    event = JobEvent.objects.get(job=job)
    assert (event.by, event.detail["reason"]) == ("operator", "entered twice")


def test_a_running_job_is_asked_to_stop(as_operator: Client) -> None:
    job = states.running()
    assert "It runs" in text_of(as_operator.get(f"/admin/jobs/job/{job.pk}/cancel/"))
    assert "asked to stop before any effect." in text_of(
        as_operator.post(f"/admin/jobs/job/{job.pk}/cancel/", follow=True, data={"reason": ""})
    )
    job.refresh_from_db()
    assert job.cancel_requested_at is not None


def test_a_dead_job_runs_again(as_operator: Client) -> None:
    job = states.dead()
    as_operator.post(f"/admin/jobs/job/{job.pk}/retry/", {"reason": ""})
    job.refresh_from_db()
    assert (job.status, job.failures) == ("pending", 0)


def test_a_job_that_moved_on_meanwhile_is_said_so(as_operator: Client) -> None:
    job = states.completed()
    assert "Nothing here fits" in text_of(as_operator.get(f"/admin/jobs/job/{job.pk}/cancel/"))
    text = text_of(as_operator.post(f"/admin/jobs/job/{job.pk}/cancel/", {"reason": ""}, follow=True))
    assert "is completed: only one that waits or runs" in text


def test_a_reason_that_is_too_long_or_holds_a_nul_is_refused(as_operator: Client) -> None:
    job = states.waiting()
    for reason in ("x" * 301, "a\x00b"):
        text_of(as_operator.post(f"/admin/jobs/job/{job.pk}/cancel/", {"reason": reason}))
    assert status_of(job) == "pending"


@pytest.mark.parametrize(("who", "status"), [("as_viewer", 403), ("as_staff", 404)])
def test_who_may_not_steer_is_refused(request: pytest.FixtureRequest, who: str, status: int) -> None:
    client: Client = request.getfixturevalue(who)
    job = states.waiting()
    assert client.post(f"/admin/jobs/job/{job.pk}/cancel/", {"reason": ""}).status_code == status
    body = {"action": "cancel_selected", "_selected_action": str(job.pk), "confirmed": "1", "reason": ""}
    client.post("/admin/jobs/job/", body)
    assert status_of(job) == "pending"


def test_a_forged_form_changes_nothing(operator: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)
    job = states.waiting()
    assert client.post(f"/admin/jobs/job/{job.pk}/cancel/", {"reason": ""}).status_code == 403
    assert status_of(job) == "pending"


def test_many_jobs_are_previewed_by_state(as_operator: Client) -> None:
    jobs = [states.waiting(), states.waiting(), states.running(), states.completed()]
    text = press(as_operator, "cancel", jobs)
    assert "Cancel 3 jobs" in text
    assert "stays as it is" in text
    assert [status_of(job) for job in jobs] == ["pending", "pending", "processing", "completed"]


def test_many_jobs_are_cancelled_with_one_reason(as_operator: Client) -> None:
    jobs = [states.waiting(), states.waiting(), states.completed()]
    text = press(as_operator, "cancel", jobs, confirmed="1", reason="wrong list")
    assert "Cancel: 2 done." in text
    assert [status_of(job) for job in jobs] == ["cancelled", "cancelled", "completed"]
    assert {event.detail["reason"] for event in JobEvent.objects.all()} == {"wrong list"}


def test_all_that_match_are_taken_not_only_the_page(as_operator: Client) -> None:
    dead, waiting = [states.dead() for _ in range(3)], states.waiting()
    press(as_operator, "retry", dead[:1], "?status=dead", confirmed="1", reason="", select_across="1")
    assert {status_of(job) for job in dead} == {"pending"}
    assert status_of(waiting) == "pending"


def test_very_many_run_again_in_portions_the_oldest_first(as_operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steering, "MANY", 2)
    jobs = [states.dead() for _ in range(3)]
    assert "<p>The oldest 2 of 3 at once" in press(as_operator, "retry", jobs)
    assert "2 done, 1 are left: press again." in press(as_operator, "retry", jobs, confirmed="1", reason="")
    assert [status_of(job) for job in jobs] == ["pending", "pending", "dead"]


def test_very_many_are_cancelled_in_portions_in_any_order(as_operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steering, "MANY", 2)
    jobs = [states.waiting() for _ in range(3)]
    assert "<p>2 of 3 at once" in press(as_operator, "cancel", jobs)
    assert "2 done, 1 are left: press again." in press(as_operator, "cancel", jobs, confirmed="1", reason="")
    assert sorted(status_of(job) for job in jobs) == ["cancelled", "cancelled", "pending"]


@pytest.mark.parametrize("selected", ["nonsense", "", "\x00"])
def test_a_selection_that_is_none_breaks_nothing(as_operator: Client, selected: str) -> None:
    body = {"action": "cancel_selected", "_selected_action": selected, "confirmed": "1", "reason": ""}
    assert as_operator.post("/admin/jobs/job/", body, follow=True).status_code in (200, 400)


@pytest.fixture
def doubtful() -> Effect:
    job = states.in_doubt()
    return Effect.objects.create(key="send:7", job=job, attempt=1, kind="mail", created_at=Now(), detail={"to": "ada"})


def test_an_effect_in_doubt_is_resolved_with_a_reason(as_operator: Client, doubtful: Effect) -> None:
    job = doubtful.job
    assert job is not None
    address = f"/admin/jobs/job/{job.pk}/resolve/{doubtful.pk}/"
    assert address in text_of(as_operator.get(f"/admin/jobs/job/{job.pk}/change/"))
    assert "Did it happen?" in text_of(as_operator.get(address))
    as_operator.post(address, {"happened": "yes", "reason": "it is in the sent folder"})
    doubtful.refresh_from_db()
    assert (doubtful.status, doubtful.settled_by, doubtful.reason) == (
        "confirmed",
        "operator",
        "it is in the sent folder",
    )
    assert status_of(job) == "pending"


@pytest.mark.parametrize("body", [{}, {"happened": "yes"}, {"happened": "perhaps", "reason": "x"}])
def test_an_answer_that_is_not_complete_resolves_nothing(
    as_operator: Client, doubtful: Effect, body: dict[str, str]
) -> None:
    text_of(as_operator.post(f"/admin/jobs/job/{doubtful.job_id}/resolve/{doubtful.pk}/", body))
    doubtful.refresh_from_db()
    assert doubtful.status == "attempting"


@pytest.mark.parametrize("effect", [0, 10**30])
def test_an_effect_of_another_job_is_not_found(as_operator: Client, effect: int) -> None:
    assert as_operator.get(f"/admin/jobs/job/{states.waiting().pk}/resolve/{effect}/").status_code == 404


def test_before_many_run_again_the_page_says_why_they_ended(as_operator: Client) -> None:
    jobs = [states.dead(), states.dead(), states.failed(error="no such <b>address</b>")]
    text = press(as_operator, "retry", jobs)
    assert "<strong>OSError</strong>: connection reset" in text
    assert "no such &lt;b&gt;address&lt;/b&gt;" in text
    assert [status_of(job) for job in jobs] == ["dead", "dead", "failed"]
    text = press(as_operator, "retry", jobs, confirmed="1", reason="mended")
    assert "Run again: 3 done." in text
    assert [status_of(job) for job in jobs] == ["pending"] * 3


def test_all_that_match_a_filter_run_again_at_once(as_operator: Client) -> None:
    dead = [states.dead() for _ in range(3)]
    other = states.failed()
    text = press(as_operator, "retry", dead[:1], "?status=dead", select_across="1", confirmed="1", reason="")
    assert "Run again: 3 done." in text
    assert ([status_of(job) for job in dead], status_of(other)) == (["pending"] * 3, "failed")


def test_what_ended_after_the_page_was_shown_is_left_alone(as_operator: Client) -> None:
    job = states.dead()
    text = press(as_operator, "retry", [job], confirmed="1", reason="", until="2020-01-01T00:00:00+00:00")
    assert "0 done" in text
    assert status_of(job) == "dead"


def test_a_waiting_job_is_made_due_now(as_operator: Client) -> None:
    job = states.waiting(delay=3_600)
    as_operator.post(f"/admin/jobs/job/{job.pk}/run-now/", {"reason": "they wait for it"})
    job.refresh_from_db()
    assert job.run_at <= datetime.now(UTC)


def test_a_copy_of_any_job_is_run(as_operator: Client) -> None:
    job = states.completed(args={"name": "Ada"})
    as_operator.post(f"/admin/jobs/job/{job.pk}/copy/", {"reason": "once more"})
    copy = Job.objects.exclude(pk=job.pk).get()
    assert (copy.task, copy.arguments, copy.status) == (job.task, job.arguments, "pending")


def test_the_preview_of_a_cancel_names_tasks_and_what_stays_done(as_operator: Client) -> None:
    job = states.waiting()
    text = text_of(as_operator.post("/admin/jobs/job/", {"action": "cancel_selected", "_selected_action": str(job.pk)}))
    assert "1 tests.greet." in text
    assert "0 effects made already" in text
