from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs.models import QueueControl, TaskControl
from tests.jobs.admin.conftest import page, text_of
from tests.jobs.api import states


def test_a_queue_is_paused_with_a_reason(as_superuser: Client) -> None:
    as_superuser.post("/admin/jobs/queuecontrol/add/", {"name": "crm", "paused": "on", "reason": "it is being moved"})
    control = QueueControl.objects.get(name="crm")
    assert (control.paused, control.reason, control.by) == (True, "it is being moved", "root")


def test_only_queues_that_exist_are_offered(as_superuser: Client) -> None:
    QueueControl.objects.create(name="ai")
    text = page(as_superuser, "jobs_queuecontrol_add")
    assert '<option value="email">' in text
    assert '<option value="ai">' not in text
    text_of(as_superuser.post("/admin/jobs/queuecontrol/add/", {"name": "mail", "paused": "on"}))
    assert QueueControl.objects.count() == 1


def test_a_task_is_paused_by_its_name(as_superuser: Client) -> None:
    as_superuser.post("/admin/jobs/taskcontrol/add/", {"name": "tests.greet", "paused": "on"})
    assert TaskControl.objects.get().name == "tests.greet"


@pytest.mark.parametrize(("verb", "paused"), [("pause", True), ("resume", False)])
def test_a_row_is_paused_and_resumed_by_an_action(as_superuser: Client, verb: str, paused: bool) -> None:
    QueueControl.objects.create(name="ai", paused=not paused, reason="before", by="somebody")
    as_superuser.post("/admin/jobs/queuecontrol/", {"action": verb, "_selected_action": "ai"})
    control = QueueControl.objects.get()
    assert (control.paused, control.reason, control.by) == (paused, "", "root")


def test_a_control_keeps_its_name_and_is_not_deleted(as_superuser: Client) -> None:
    QueueControl.objects.create(name="ai", paused=True)
    as_superuser.post("/admin/jobs/queuecontrol/ai/change/", {"name": "crm", "reason": "resumed"})
    control = QueueControl.objects.get()
    assert (control.name, control.paused, control.by) == ("ai", False, "root")
    assert as_superuser.post("/admin/jobs/queuecontrol/ai/delete/", {"post": "yes"}).status_code == 403


def test_who_may_not_change_controls_is_refused(as_viewer: Client) -> None:
    assert "Add queue control" not in page(as_viewer, "jobs_queuecontrol_changelist")
    assert as_viewer.post("/admin/jobs/queuecontrol/add/", {"name": "ai", "paused": "on"}).status_code == 403


def test_the_first_page_shows_how_the_platform_is(as_viewer: Client, owner: User) -> None:
    states.waiting()
    states.waiting(delay=600)
    states.dead()
    QueueControl.objects.create(name="crm", paused=True, reason="it is being moved")
    text = page(as_viewer, "index")
    assert '?queue=crm&amp;status=waiting">1</a>' in text
    assert "it is being moved" in text
    assert '<span class="jobs-badge jobs-dead">dead</span> 1' in text
    assert "No dispatcher works" in text


def test_the_first_page_shows_nothing_of_jobs_without_a_role(as_staff: Client) -> None:
    states.dead()
    assert "jobs-overview" not in page(as_staff, "index").replace("jobs/admin.css", "")
