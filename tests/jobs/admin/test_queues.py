"""The page of queues: what waits, who works, what is held back; and the tabs that lead there."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs import lifecycle, services
from jobs.models import AuditEntry, HeldJob, QueueControl, Role, TaskControl
from tests.jobs.admin.conftest import text_of
from tests.jobs.api import states
from tests.jobs.api.people import with_role

LIST = "/admin/jobs/queues/"


def test_each_queue_is_shown_with_what_waits_and_who_works(as_viewer: Client) -> None:
    states.waiting()
    text = text_of(as_viewer.get(LIST))
    assert all(queue in text for queue in ("email", "ai", "crm"))
    assert "no worker" in text
    assert "/pause/" not in text


def test_a_queue_is_paused_and_resumed_with_a_reason(as_operator: Client) -> None:
    pause, resume = f"{LIST}pause/queue/email/", f"{LIST}resume/queue/email/"
    assert "what runs finishes" in text_of(as_operator.get(pause))
    assert not QueueControl.objects.filter(paused=True).exists()
    text = text_of(as_operator.post(pause, {"reason": "<b>calm"}, follow=True))
    assert "Queue email is paused." in text
    assert "&lt;b&gt;calm" in text
    assert resume in text
    assert "Queue email goes on." in text_of(as_operator.post(resume, {"reason": ""}, follow=True))
    acts = AuditEntry.objects.order_by("pk").values_list("verb", "subject", "by", "reason")
    assert list(acts) == [("pause", "queue email", "operator", "<b>calm"), ("resume", "queue email", "operator", "")]


def test_a_queue_is_paused_for_an_hour(as_operator: Client) -> None:
    text = text_of(as_operator.post(f"{LIST}pause/queue/email/", {"reason": "calm", "seconds": "3600"}, follow=True))
    control = QueueControl.objects.get()
    assert control.resume_at is not None
    assert control.resume_at.isoformat() in text
    answer = text_of(as_operator.post(f"{LIST}pause/queue/email/", {"reason": "calm", "seconds": "-5"}))
    assert "Select a valid choice" in answer


def test_a_task_is_paused_from_a_list_and_resumed(as_operator: Client) -> None:
    assert "<option>echo</option>" in text_of(as_operator.get(LIST))
    as_operator.post(f"{LIST}pause/task/?name=echo", {"reason": "it spins"})
    assert TaskControl.objects.get().reason == "it spins"
    text = text_of(as_operator.get(LIST))
    assert ("it spins" in text, "<option>echo</option>" in text) == (True, False)
    as_operator.post(f"{LIST}resume/task/echo/", {"reason": ""})
    assert not TaskControl.objects.get().paused


def test_what_is_held_is_shown_with_how_many_jobs(as_viewer: Client) -> None:
    lifecycle.hold("mailbox:7", "the account is to be connected again")
    HeldJob.objects.create(job=states.waiting(), hold_id="mailbox:7")
    text = text_of(as_viewer.get(LIST))
    assert ("mailbox:7" in text, "to be connected again" in text) == (True, True)


@pytest.mark.parametrize(
    "path", ["pause/queue/nowhere/", "pause/task/nothing/", "burn/queue/email/", "pause/tree/email/"]
)
def test_what_there_is_not_is_not_found(as_operator: Client, path: str) -> None:
    assert as_operator.post(LIST + path, {"reason": ""}).status_code == 404


def test_who_may_look_may_not_pause_and_an_operator_only_their_own(
    as_viewer: Client, as_staff: Client, staff: User
) -> None:
    assert as_viewer.post(f"{LIST}pause/queue/email/", {"reason": ""}).status_code == 403
    with_role(staff, Role.OPERATOR, "crm")
    answers = [as_staff.post(f"{LIST}pause/queue/{queue}/", {"reason": ""}).status_code for queue in ("email", "crm")]
    assert answers == [403, 302]


def test_a_paused_queue_says_how_it_goes_on(as_viewer: Client) -> None:
    services.pause(task="echo", by="ann", reason="calm")
    assert "manage.py resume --task echo" in text_of(as_viewer.get("/admin/jobs/overview/"))


ALL = ["Overview", "Jobs", "Failures", "In doubt", "Alerts", "Queues", "Workers", "Schedules", "Batches", "Quarantine"]


@pytest.mark.parametrize(
    ("who", "tabs"), [("as_staff", ["Jobs"]), ("as_viewer", ALL), ("as_superuser", [*ALL, "Audit", "Enqueue"])]
)
def test_each_sees_the_tabs_that_they_may_open(request: pytest.FixtureRequest, who: str, tabs: list[str]) -> None:
    client: Client = request.getfixturevalue(who)
    nav = text_of(client.get("/admin/jobs/job/")).partition('<nav class="jobs-tabs"')[2].partition("</nav>")[0]
    links = [part.partition(">")[2].partition("<")[0] for part in nav.split("<a ")[1:]]
    assert links == tabs
    for address in [part.partition('href="')[2].partition('"')[0] for part in nav.split("<a ")[1:]]:
        assert client.get(address).status_code == 200


def test_a_form_offers_nothing_where_an_argument_has_no_default(as_operator: Client) -> None:
    assert "null</textarea>" not in text_of(as_operator.get("/admin/jobs/enqueue/?task=send_email")).replace("\n", "")
