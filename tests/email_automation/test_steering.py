"""The mail part's switches, mailboxes and suppressed addresses, in a terminal and over REST; each act is recorded."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from email_automation import services
from email_automation.models import KillSwitch, Mailbox, Message, Suppression
from jobs.models import AuditEntry, Job
from tests.email_automation.mailboxes.letters import letter
from tests.jobs.test_commands import answer, refused, told

pytestmark = pytest.mark.django_db

SWITCH = "/api/mail/kill-switch"


def recorded() -> list[tuple[str, str, str]]:
    return list(AuditEntry.objects.order_by("pk").values_list("verb", "subject", "origin"))


def test_the_mail_of_everybody_is_stopped_and_allowed_in_a_terminal() -> None:
    assert told("kill_switch") == "Mail is allowed\n"
    assert told("kill_switch", "--stop", "--reason", "an incident") == "Mail is stopped: an incident\n"
    assert KillSwitch.objects.get().sending_stopped
    assert answer("kill_switch", "--allow")["stopped"] is False
    assert recorded() == [("change", "kill switch of all mail", "command")] * 2


def test_it_is_stopped_over_rest_by_who_may_change_it(client: Client, user: User) -> None:
    client.force_login(user)
    stop = {"stopped": True, "reason": "an incident"}
    assert client.get(SWITCH).status_code == client.post(SWITCH, stop, "application/json").status_code == 403
    assert not KillSwitch.objects.exists()
    user.user_permissions.add(Permission.objects.get(codename="change_killswitch"))
    assert client.get(SWITCH).json()["data"] == {"stopped": False, "reason": "", "changed_at": None}
    stopped = client.post(SWITCH, stop, "application/json").json()["data"]
    assert (stopped["stopped"], stopped["reason"]) == (True, "an incident")
    assert client.get("/api/automation").json()["data"]["stopped"]
    assert recorded() == [("change", "kill switch of all mail", "REST")]


def test_the_same_again_changes_nothing_and_is_not_recorded_twice() -> None:
    for _ in range(2):
        services.set_kill_switch(True, by="ann", reason="calm")
    assert len(recorded()) == 1


def test_mailboxes_are_listed_paused_and_resumed(make_mailbox: Callable[..., Mailbox], stranger: User) -> None:
    mailbox = make_mailbox(letter(1))
    number = str(mailbox.pk)
    assert [one["id"] for one in answer("mailboxes")["mailboxes"]] == [mailbox.pk]
    assert answer("mailboxes", "--user", stranger.get_username())["mailboxes"] == []
    assert "paused: a move" in told("mailboxes", number, "--pause", "--reason", "a move")
    assert answer("mailboxes", number)["mailboxes"][0]["paused"] is True
    assert "paused" not in told("mailboxes", number, "--resume")
    assert recorded() == [(verb, f"mailbox {number}", "command") for verb in ("pause", "resume")]


def test_a_mailbox_that_there_is_not_is_refused() -> None:
    assert "manage.py mailboxes lists them" in str(refused("mailboxes", "7", "--pause"))
    assert "Give the number" in str(refused("mailboxes", "--disconnect"))
    assert "Add one" in told("mailboxes")


def test_an_address_is_suppressed_and_allowed_in_a_terminal(user: User) -> None:
    mine = ("suppressions", "--user", user.get_username())
    assert "asked" in told(*mine, "--add", "Bob@company.com", "--reason", "asked on the phone")
    [row] = answer(*mine)["suppressions"]
    assert (row["address"], row["cause"]) == ("bob@company.com", "manual")
    assert "Every address" in told(*mine, "--allow", "bob@company.com")
    subject = "address bob@company.com"
    assert recorded() == [("suppress", subject, "command"), ("allow", subject, "command")]
    assert "is not suppressed" in str(refused(*mine, "--allow", "bob@company.com"))
    assert "address" in str(refused(*mine, "--add", "nobody"))


def test_what_is_suppressed_over_rest_and_in_the_admin_is_recorded(admin_client: Client) -> None:
    admin_client.post("/api/mail/suppressions", {"address": "ann@company.com"}, "application/json")
    admin_client.post(reverse("admin:email_automation_suppression_add"), {"address": "bob@company.com"})
    for row in Suppression.objects.all():
        admin_client.post(reverse("admin:email_automation_suppression_delete", args=[row.pk]), {"post": "yes"})
    assert sorted(recorded()) == [
        ("allow", "address ann@company.com", "admin"),
        ("allow", "address bob@company.com", "admin"),
        ("suppress", "address ann@company.com", "REST"),
        ("suppress", "address bob@company.com", "admin"),
    ]


@pytest.mark.parametrize(
    ("verb", "task"),
    [("classify", "classify_message"), ("summarise", "summarise_message")],
)
def test_a_message_is_read_again(
    client: Client, sync: Callable[..., list[Message]], stranger: User, verb: str, task: str
) -> None:
    [message] = sync(letter(1))
    address = f"/api/messages/{message.pk}/{verb}"
    client.force_login(stranger)
    assert client.post(address).status_code == 404
    client.force_login(message.mailbox.user)
    done = client.post(address)
    assert (done.status_code, done.json()["data"]["task"]) == (202, task)
    assert Job.objects.get(pk=done.json()["data"]["job_id"]).owner_id == message.mailbox.user_id
