"""What is done to a message in Gmail: once, noted here as the next sync would, and not while a switch says stop."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from email_automation import services
from email_automation.gmail import client
from email_automation.models import Mailbox, Message, OutgoingMail
from email_automation.syncing import sync
from jobs import testing
from jobs.errors import Refused
from jobs.models import Effect, Job, JobStatus
from tests.email_automation.gmail.conftest import ADDRESS
from tests.email_automation.mailboxes.letters import letter
from tests.servers.gmail import Box, GmailServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(mailbox: Mailbox, box: Box, monkeypatch: pytest.MonkeyPatch) -> Message:
    monkeypatch.setattr(client, "PAUSES", (0.0, 0.0))
    box.deliver(letter(1), "INBOX")
    sync.run(services.sync_mailbox(mailbox).pk)
    return Message.objects.get()


def done(message: Message, action: str, value: str = "") -> Job:
    return testing.run_job(services.act_in_mailbox(message, action, value))


def labels(box: Box) -> set[str]:
    (held,) = box.messages.values()
    return {box.labels[one] for one in held.labels}


@pytest.mark.parametrize(
    ("action", "value", "there", "here"),
    [
        ("mark_read", "", {"INBOX"}, (["INBOX"], ["seen"])),
        ("archive", "", {"UNREAD"}, ([], [])),
        ("add_label", "Bills", {"INBOX", "UNREAD", "Bills"}, (["Bills", "INBOX"], [])),
        ("remove_label", "INBOX", {"UNREAD"}, ([], [])),
        ("remove_label", "Unheard of", {"INBOX", "UNREAD"}, (["INBOX"], [])),
    ],
)
def test_an_action_changes_the_message_there_and_here(
    message: Message, box: Box, action: str, value: str, there: set[str], here: tuple[list[str], list[str]]
) -> None:
    assert done(message, action, value).status == JobStatus.COMPLETED
    message.refresh_from_db()
    assert labels(box) == there
    assert (message.labels, message.flags) == here


def test_what_was_read_can_be_unread(message: Message, box: Box) -> None:
    done(message, "mark_read")
    done(message, "mark_unread")
    message.refresh_from_db()
    assert (message.flags, labels(box)) == ([], {"INBOX", "UNREAD"})


def test_the_same_action_again_changes_nothing_more(message: Message, box: Box) -> None:
    for _ in range(2):
        done(message, "add_label", "Bills")
    assert list(box.labels.values()).count("Bills") == 1


def test_a_label_that_somebody_else_makes_meanwhile_is_used(message: Message, box: Box, server: GmailServer) -> None:
    server.fault("labels.create", do=lambda: box.create_label("Bills"))
    assert done(message, "add_label", "Bills").status == JobStatus.COMPLETED
    assert "Bills" in labels(box)


@pytest.mark.parametrize("fault", [{"cut": True}, {"status": 503}, {"status": 429}], ids=str)
def test_an_action_without_an_answer_is_done_again_and_written_down_once(
    message: Message, box: Box, server: GmailServer, fault: dict[str, Any]
) -> None:
    server.fault("messages.modify", **fault, after_commit=True)
    assert done(message, "archive").status == JobStatus.COMPLETED
    assert labels(box) == {"UNREAD"}
    assert Effect.objects.filter(kind="mailbox").count() == 1


def test_an_action_on_a_message_that_is_gone_ends_quietly(message: Message, box: Box) -> None:
    box.delete(message.copies.get().provider_id)
    assert done(message, "archive").status == JobStatus.CANCELLED
    sync.run(services.sync_mailbox(Mailbox.objects.get()).pk)
    message.refresh_from_db()
    with pytest.raises(Refused, match="no more"):
        services.act_in_mailbox(message, "archive")


def test_an_action_that_the_account_does_not_allow_says_what_to_do(message: Message, server: GmailServer) -> None:
    server.fault("messages.modify", status=403, reason="insufficientPermissions")
    job = done(message, "archive")
    assert job.status == JobStatus.FAILED
    assert "Connect the account again" in job.error


@pytest.mark.parametrize("user_only", [True, False])
def test_nothing_is_done_while_a_switch_says_stop(message: Message, box: Box, user_only: bool) -> None:
    services.stop_sending(user_id=message.mailbox.user_id if user_only else None)
    job = done(message, "archive")
    assert (job.status, labels(box)) == (JobStatus.FAILED, {"INBOX", "UNREAD"})


@pytest.mark.parametrize(
    ("action", "value", "field"),
    [("shred", "", "action"), ("add_label", "", "value"), ("add_label", "a\nb", "value"), ("archive", "x", "value")],
)
def test_what_can_never_be_done_is_refused_at_once(message: Message, action: str, value: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        services.act_in_mailbox(message, action, value)
    assert refused.value.field == field


def test_what_is_forwarded_is_fetched_and_enclosed(message: Message, box: Box) -> None:
    job = testing.run_job(services.forward(message, "colleague@company.com"))
    assert job.status == JobStatus.COMPLETED
    [enclosed] = [part for part in box.sent[0].walk() if part.get_content_type() == "message/rfc822"]
    assert f"Message-ID: <{message.message_id}>" in enclosed.as_string()


def test_a_forwarded_message_is_a_mail_of_its_owner(message: Message) -> None:
    services.forward(message, "colleague@fikiri.example", "Yours, I think.")
    mail = OutgoingMail.objects.get()
    assert (mail.to, mail.subject) == (["colleague@fikiri.example"], "Fwd: Letter 1")
    assert mail.body.startswith("Yours, I think.\n\n---------- Forwarded message")
    assert "From: Ada <ada@fikiri.example>" in mail.body
    assert "Hello." in mail.body


def test_the_token_is_the_mailbox_s_own(message: Message, server: GmailServer) -> None:
    done(message, "archive")
    assert {asked.token for asked in server.calls("messages.modify")} == {f"access-{ADDRESS}"}


def test_a_command_does_it_and_says_what_is_wrong(message: Message, box: Box) -> None:
    call_command("mail_action", str(message.pk), "archive")
    assert testing.run_job(Job.objects.get(task="mailbox_action")).status == JobStatus.COMPLETED
    assert labels(box) == {"UNREAD"}
    with pytest.raises(CommandError, match="label"):
        call_command("mail_action", str(message.pk), "add_label")
    with pytest.raises(CommandError, match="no message"):
        call_command("mail_action", "999", "archive")


def test_over_rest_a_message_of_one_s_own_is_acted_on(message: Message, box: Box, stranger: User) -> None:
    url = f"/api/messages/{message.pk}/actions"
    client = Client()
    client.force_login(message.mailbox.user)
    answer = client.post(url, {"action": "add_label", "value": "Bills"}, content_type="application/json")
    assert answer.status_code == 202
    assert testing.run_job(Job.objects.get(pk=answer.json()["data"]["job_id"])).status == JobStatus.COMPLETED
    assert "Bills" in labels(box)
    for wish, field in (({"action": "shred"}, "action"), ({"action": "add_label"}, "value"), ({}, "action")):
        refused = client.post(url, wish, content_type="application/json")
        assert (refused.status_code, refused.json()["field"]) == (400, field)
    wish = {"action": "forward", "value": "colleague@fikiri.example", "text": "Yours."}
    assert client.post(url, wish, content_type="application/json").status_code == 202
    assert (
        client.post(url, {"action": "forward", "value": "nobody"}, content_type="application/json").status_code == 400
    )
    client.force_login(stranger)
    assert client.post(url, {"action": "archive"}, content_type="application/json").status_code == 404


def test_in_the_admin_messages_are_archived(message: Message, box: Box, admin_client: Client) -> None:
    chosen = {"action": "archive", "_selected_action": [message.pk]}
    admin_client.post("/admin/email_automation/message/", chosen)
    assert testing.run_job(Job.objects.get(task="mailbox_action")).status == JobStatus.COMPLETED
    assert labels(box) == {"UNREAD"}
