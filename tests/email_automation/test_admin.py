"""The mail part in the admin: few queries, plain text, and actions that enqueue."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from email_automation import services
from email_automation.models import (
    AutomationSetting,
    KillSwitch,
    Mailbox,
    MailboxKind,
    MailStatus,
    Message,
    OutgoingMail,
    SyncRun,
)
from jobs.models import Job
from jobs.testing import run_job
from tests.email_automation.conftest import Model
from tests.email_automation.mailboxes.letters import letter, mbox
from tests.email_automation.parsing.mails import mail

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>"
Sync = Callable[..., list[Message]]


def page(model: str, *args: object) -> str:
    return reverse(f"admin:email_automation_{model}_{'change' if args else 'changelist'}", args=args)


def act(client: Client, model: str, action: str, *rows: Any) -> str:
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(page(model), data, follow=True).content.decode()


@pytest.mark.parametrize(
    "model",
    ["mailbox", "syncrun", "message", "outgoingmail", "classification", "aianswer", "aiusage", "automationsetting"],
)
def test_lists_open_with_few_queries_however_long(
    admin_client: Client, sync: Sync, model: str, django_assert_max_num_queries: Any
) -> None:
    sync(*(letter(number) for number in range(30)))
    with django_assert_max_num_queries(9):
        assert admin_client.get(page(model), {"q": "letter"} if model == "message" else {}).status_code == 200


@pytest.mark.parametrize(
    "query",
    ["readable=no", "readable=yes", "written_by=person", "written_by=machine", "written_by=self", "intent=billing"],
)
def test_messages_can_be_filtered(admin_client: Client, sync: Sync, query: str) -> None:
    sync(letter(1), b"words\n", mail(List_Id="<x>"), mail(From="shop@fikiri.example"))
    assert admin_client.get(f"{page('message')}?{query}").status_code == 200


def test_an_unreadable_message_is_listed_with_its_reason(admin_client: Client, sync: Sync) -> None:
    sync(b"words\n", letter(1))
    listed = admin_client.get(page("message"), {"readable": "no"}).content.decode()
    assert "(unreadable: it has none of the headers of a mail)" in listed
    assert "Letter 1" not in listed


def test_what_strangers_wrote_is_shown_as_plain_text(admin_client: Client, sync: Sync) -> None:
    (message,) = sync(mail(HOSTILE, Subject=HOSTILE, From=f'"{HOSTILE}" <ada@fikiri.example>', List_Id=HOSTILE))
    for address in (page("message"), page("message", message.pk)):
        shown = admin_client.get(address).content.decode()
        assert HOSTILE not in shown
        assert "&lt;script&gt;alert(1)" in shown


def test_messages_are_not_written_by_hand(admin_client: Client, sync: Sync) -> None:
    (message,) = sync(letter(1))
    assert admin_client.get(reverse("admin:email_automation_message_add")).status_code == 403
    assert admin_client.post(page("message", message.pk), {"subject": "changed"}).status_code == 403


@pytest.mark.parametrize(
    ("action", "task"),
    [("classify_again", "classify_message"), ("draft_a_reply", "draft_reply"), ("summarise", "summarise_message")],
)
def test_an_action_on_messages_enqueues_for_their_user(
    admin_client: Client, sync: Sync, user: User, action: str, task: str
) -> None:
    (message,) = sync(letter(1))
    Job.objects.all().delete()
    assert "1 enqueued" in act(admin_client, "message", action, message)
    assert Job.objects.get(task=task).owner_id == user.pk


def test_a_reply_to_a_machine_is_refused_with_the_reason(admin_client: Client, sync: Sync) -> None:
    (message,) = sync(mail(List_Id="<x>"))
    assert "never answered: it is automatic" in act(admin_client, "message", "draft_a_reply", message)
    assert not Job.objects.filter(task="draft_reply").exists()


def test_looking_is_not_leave_to_ask_a_model(client: Client, sync: Sync) -> None:
    (message,) = sync(letter(1))
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_message"))
    client.force_login(clerk)
    act(client, "message", "classify_again", message)
    assert not Job.objects.filter(arguments__again=True).exists()


def test_a_mailbox_is_synced_by_an_action(admin_client: Client, make_mailbox: Callable[..., Mailbox]) -> None:
    assert "Sync: 1 enqueued" in act(admin_client, "mailbox", "sync_now", make_mailbox(letter(1)))
    assert Job.objects.get().task == "process_gmail_sync"


def test_a_sync_goes_as_far_as_was_typed(admin_client: Client, make_mailbox: Callable[..., Mailbox]) -> None:
    mailbox = make_mailbox(letter(1))
    data = {"action": "sync_now", "_selected_action": [mailbox.pk], "days": " 400 ", "messages": "25"}
    assert "Sync: 1 enqueued" in admin_client.post(page("mailbox"), data, follow=True).content.decode()
    run = SyncRun.objects.get()
    assert (run.window_days, run.max_messages, run.full) == (400, 25, True)


@pytest.mark.parametrize("days", ["0", "-1", "x", "99999", "²"])
def test_a_limit_that_is_none_is_named(admin_client: Client, make_mailbox: Callable[..., Mailbox], days: str) -> None:
    data = {"action": "sync_now", "_selected_action": [make_mailbox(letter(1)).pk], "days": days}
    said = admin_client.post(page("mailbox"), data, follow=True).content.decode()
    assert "Days has to be a number from 1 to 36,500, or empty." in said
    assert not SyncRun.objects.exists()


@pytest.mark.parametrize(("action", "does"), [("label", "add_label"), ("take_label", "remove_label")])
def test_messages_are_labelled_where_they_lie(admin_client: Client, sync: Sync, action: str, does: str) -> None:
    (message,) = sync(letter(1))
    Mailbox.objects.update(kind=MailboxKind.IMAP)
    data = {"action": action, "_selected_action": [message.pk], "label": " Büro/Neu "}
    assert "1 enqueued" in admin_client.post(page("message"), data, follow=True).content.decode()
    arguments = Job.objects.get(task="mailbox_action").arguments
    assert (arguments["action"], arguments["value"]) == (does, "Büro/Neu")


def test_a_label_that_is_missing_is_asked_for(admin_client: Client, sync: Sync) -> None:
    assert "value has to be a label" in act(admin_client, "message", "label", *sync(letter(1)))
    assert not Job.objects.filter(task="mailbox_action").exists()


def test_a_mailbox_is_added_by_its_path(admin_client: Client, user: User, tmp_path: Path) -> None:
    data = {"user": user.pk, "location": str(mbox(tmp_path, letter(1))), "name": "Mine", "own_addresses": '["Me@x.io"]'}
    admin_client.post(reverse("admin:email_automation_mailbox_add"), data | EMPTY_RUNS)
    mailbox = Mailbox.objects.get()
    assert (mailbox.kind, mailbox.own_addresses) == ("mbox", ["me@x.io"])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"location": "/nowhere"}, "/nowhere does not exist"),
        ({"own_addresses": '{"a": 1}'}, "Give a list of addresses"),
    ],
)
def test_a_mailbox_that_is_none_is_refused(
    admin_client: Client, user: User, tmp_path: Path, changed: dict[str, str], said: str
) -> None:
    data = {"user": user.pk, "location": str(mbox(tmp_path, letter(1))), "name": "Mine", "own_addresses": "[]"}
    answer = admin_client.post(reverse("admin:email_automation_mailbox_add"), data | EMPTY_RUNS | changed)
    assert said in answer.content.decode()
    assert not Mailbox.objects.exists()


EMPTY_RUNS = {"runs-TOTAL_FORMS": 0, "runs-INITIAL_FORMS": 0}


@pytest.fixture
def draft(sync: Sync, model: Model) -> OutgoingMail:
    (message,) = sync(mail())
    services.draft_reply(message)
    run_job(Job.objects.get(task="draft_reply"))
    return OutgoingMail.objects.get()


def test_a_draft_can_be_edited_and_released(admin_client: Client, draft: OutgoingMail) -> None:
    admin_client.post(page("outgoingmail", draft.pk), {"to": "a@company.com", "subject": "New", "body": "Better."})
    draft.refresh_from_db()
    assert (draft.to, draft.subject, draft.body) == (["a@company.com"], "New", "Better.")
    assert "Approve: 1 enqueued" in act(admin_client, "outgoingmail", "approve", draft)
    draft.refresh_from_db()
    assert (draft.status, draft.released_by) == (MailStatus.QUEUED, User.objects.get(username="admin"))


@pytest.mark.parametrize(
    ("changed", "said"), [({"to": "nobody"}, "to is not an address"), ({"body": "x" * 500_001}, "body is longer")]
)
def test_a_bad_draft_is_refused(admin_client: Client, draft: OutgoingMail, changed: dict[str, str], said: str) -> None:
    data = {"to": "a@company.com", "subject": "New", "body": "Better."} | changed
    assert said in admin_client.post(page("outgoingmail", draft.pk), data).content.decode()


def test_what_was_released_is_not_edited_any_more(admin_client: Client, draft: OutgoingMail, user: User) -> None:
    services.approve(draft, user)
    admin_client.post(page("outgoingmail", draft.pk), {"to": "a@company.com", "subject": "New", "body": "Better."})
    draft.refresh_from_db()
    assert draft.subject == "Re: An order"


def test_drafts_are_rejected_by_an_action(admin_client: Client, draft: OutgoingMail) -> None:
    assert "1 rejected" in act(admin_client, "outgoingmail", "reject", draft)
    draft.refresh_from_db()
    assert (draft.status, draft.reason) == (MailStatus.SKIPPED, "rejected by admin")


def test_a_mail_written_in_the_admin_is_a_draft(admin_client: Client, user: User) -> None:
    data = {"user": user.pk, "to": "a@company.com, b@company.com", "subject": "Hi", "body": "Hello"}
    admin_client.post(reverse("admin:email_automation_outgoingmail_add"), data)
    written = OutgoingMail.objects.get()
    assert (written.status, written.to) == (MailStatus.DRAFT, ["a@company.com", "b@company.com"])


def test_rules_and_the_kill_switch_are_set_in_the_admin(admin_client: Client, user: User) -> None:
    rule = {"user": user.pk, "draft_replies": "on", "release_intents": ["support"], "release_confidence": "0.8"}
    rule["undo_seconds"] = "300"
    admin_client.post(reverse("admin:email_automation_automationsetting_add"), rule)
    admin_client.post(reverse("admin:email_automation_killswitch_add"), {"sending_stopped": "on", "reason": "incident"})
    assert AutomationSetting.objects.get().release_intents == ["support"]
    assert KillSwitch.objects.get(pk=1).sending_stopped
    assert admin_client.get(reverse("admin:email_automation_killswitch_add")).status_code == 403
