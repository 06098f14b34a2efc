"""One line from the mail that came in to the mail that went out and its answer."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from email_automation import services
from email_automation.models import Message, OutgoingMail, Rule
from email_automation.reading import timeline
from jobs.models import Job
from jobs.testing import run_job
from tests.email_automation.conftest import Model, run_task
from tests.email_automation.parsing.mails import mail
from tests.servers.smtp import Server

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def answered(
    sync: Callable[..., list[Message]], make_mailbox: Any, model: Model, user: User, recent: str, mail_sink: Server
) -> Message:
    """A message that a rule had answered, that a person changed and approved, and that was answered in turn."""
    Rule.objects.create(user=user, name="Answer", when="intent:sales_enquiry", then="draft_reply archive", enabled=True)
    (message,) = sync(mail(Date=recent))
    for task in ("classify_message", "update_crm", "act_on_message", "draft_reply"):
        run_task(task)
    draft = OutgoingMail.objects.get()
    services.revise(draft, user, subject=draft.subject, body="Two pounds it is.")
    run_job(services.approve(draft, user))
    draft.refresh_from_db()
    headers = {
        "Message_ID": "<2@fikiri.example>",
        "In_Reply_To": f"<{draft.message_id}>",
        "Date": format_datetime(datetime.now(UTC)),
    }
    run_job(services.sync_mailbox(make_mailbox(mail(**headers))))
    return message


def test_every_step_is_told_in_order_with_its_job(answered: Message, user: User) -> None:
    steps = timeline.of(answered)
    kinds = ["written", "stored", "classified", "rule", "crm", "draft", "drafted", "edit", "approve", "sent", "answer"]
    assert [step.kind for step in steps] == sorted(kinds, key=[step.kind for step in steps].index)
    assert {step.kind for step in steps} == set(kinds)
    by_kind = {step.kind: step for step in steps}
    assert "draft_reply; archive left out: " in by_kind["rule"].text
    assert by_kind["rule"].note == "because intent:sales_enquiry (sales_enquiry)"
    assert by_kind["approve"].by == user.get_username()
    sent = OutgoingMail.objects.get()
    assert sent.message_id in by_kind["sent"].note
    tasks = {
        "stored": "process_gmail_sync",
        "classified": "classify_message",
        "rule": "act_on_message",
        "crm": "update_crm",
        "draft": "draft_reply",
        "sent": "send_mail",
    }
    assert {kind: Job.objects.get(pk=str(by_kind[kind].job_id)).task for kind in tasks} == tasks


def test_the_times_rise(answered: Message) -> None:
    times = [step.at for step in timeline.of(answered)]
    assert times == sorted(times)


def test_from_the_mail_that_went_the_story_is_found(answered: Message) -> None:
    assert timeline.start_of(OutgoingMail.objects.get()) == answered


def test_however_much_happened_it_takes_few_queries(answered: Message, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(16):
        timeline.of(Message.objects.select_related("mailbox", "sync_run").get(pk=answered.pk))


@pytest.mark.parametrize("task", ["classify_message", "act_on_message", "draft_reply", "send_mail"])
def test_from_each_job_the_story_is_found(answered: Message, admin_client: Client, task: str) -> None:
    job = Job.objects.filter(task=task).order_by("created_at")[0]
    story = f"/api/messages/{answered.pk}/timeline"
    assert timeline.details(job)["timeline"] == story
    page = admin_client.get(reverse("admin:jobs_job_change", args=[job.pk])).content.decode()
    assert f'href="{story}"' in page
    assert reverse("admin:email_automation_message_change", args=[answered.pk]) in page


def test_a_job_of_no_message_has_no_story() -> None:
    assert timeline.details(Job(arguments={"mail_id": 7})) == {}
