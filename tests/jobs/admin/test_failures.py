from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from jobs import lifecycle, reports
from jobs.models import Job, JobEvent
from tests.jobs.admin.conftest import text_of
from tests.jobs.api import states

LIST = "/admin/jobs/failures/"


def cause(job: Job) -> str:
    return f"{LIST}{job.fingerprint}/"


def test_failures_are_grouped_by_cause(as_viewer: Client, owner: User) -> None:
    job = states.failed(owner.pk)
    states.failed()
    text = text_of(as_viewer.get(LIST))
    assert "<strong>ValueError</strong>: no such address" in text
    assert f'{job.fingerprint}&amp;status=trouble">2</a>' in text
    assert cause(job) in text


def test_one_task_and_one_owner_are_named_and_more_are_counted(as_viewer: Client, owner: User) -> None:
    states.failed(owner.pk, error="the first"), states.failed(owner.pk, error="the first")
    assert "<td>tests.greet</td><td>owner</td>" in text_of(as_viewer.get(LIST))
    states.failed(User.objects.create_user("other one").pk, error="the first")
    assert "<td>tests.greet</td><td>2</td>" in text_of(as_viewer.get(LIST))
    states.dead(error="of nobody")
    assert "<td>tests.greet</td><td>system</td>" in text_of(as_viewer.get(LIST))


def test_a_search_narrows_them_and_a_bad_one_is_told(as_viewer: Client) -> None:
    states.failed()
    assert "Nothing failed." in text_of(as_viewer.get(LIST, {"q": "queue:ai"}))
    assert "Unknown field" in text_of(as_viewer.get(LIST, {"q": "nonsense:1"}))
    assert "ValueError" in text_of(as_viewer.get(LIST, {"age": "", "q": ""}))


def test_a_few_are_run_again_first_with_a_reason(as_operator: Client) -> None:
    jobs = [states.failed() for _ in range(3)]
    assert 'value="5"' in text_of(as_operator.get(cause(jobs[0])))
    text = text_of(as_operator.post(cause(jobs[0]), {"size": 2, "reason": "the server is back"}, follow=True))
    assert "2 run again." in text
    assert "The last 2 that were run again" in text
    assert Job.objects.filter(status="pending").count() == 2
    assert JobEvent.objects.filter(kind="retry", by="operator").count() == 2


def failed_again(client: Client) -> str:
    jobs = [states.failed() for _ in range(3)]
    client.post(cause(jobs[0]), {"size": 1})
    lifecycle.fail(states.claimed(jobs[0]), reports.of_exception(ValueError("no such address")))
    return cause(jobs[0])


def test_it_stops_by_itself_when_they_fail_again(as_operator: Client) -> None:
    address = failed_again(as_operator)
    assert "mend the cause first" in text_of(as_operator.get(address))
    assert "Some of the last ones failed again." in text_of(as_operator.post(address, {"size": 2}))
    assert not Job.objects.filter(status="pending").exists()


def test_it_waits_for_the_last_ones(as_operator: Client) -> None:
    jobs = [states.failed() for _ in range(3)]
    as_operator.post(cause(jobs[0]), {"size": 1})
    text = text_of(as_operator.post(cause(jobs[0]), {"size": 2, "reason": "typed before"}))
    assert "Not all of the last ones are through." in text
    assert 'value="typed before"' in text
    assert 'name="anyway"' in text
    assert Job.objects.filter(status="pending").count() == 1


def test_a_person_may_go_on_anyway(as_operator: Client) -> None:
    text_of(as_operator.post(failed_again(as_operator), {"size": 2, "anyway": "on"}, follow=True))
    assert Job.objects.filter(status="pending").count() == 2


def test_who_may_only_look_runs_nothing_again(as_viewer: Client, as_staff: Client) -> None:
    job = states.failed()
    assert "Run these again" not in text_of(as_viewer.get(cause(job)))
    assert as_viewer.post(cause(job), {"size": 1}).status_code == 403
    assert as_staff.get(LIST).status_code == 403


def test_a_cause_that_is_none_is_not_found(as_viewer: Client) -> None:
    assert as_viewer.get(f"{LIST}abc/").status_code == 404


def test_hostile_text_is_shown_as_text(as_viewer: Client) -> None:
    hostile: Any = "<script>alert(1)</script>"
    job = states.failed(error=hostile)
    for address in (LIST, cause(job)):
        assert "<script>alert" not in text_of(as_viewer.get(address, {"q": hostile} if address is LIST else {}))
