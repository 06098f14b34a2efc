"""A Gmail account is read over IMAP: in with a token that is kept fresh, each message once, labels followed and set."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client as Browser
from django.urls import reverse
from rest_framework.test import APIClient

from email_automation import mailbox_actions, services
from email_automation.connecting.oauth import NotConnected
from email_automation.connecting.scopes import OPENS_IMAP, asked
from email_automation.models import Account, AccountState, Mailbox, Message
from jobs.clock import Now
from jobs.models import Job, JobStatus
from jobs.testing import run_job
from tests.email_automation.mailboxes.imap.conftest import Sync
from tests.email_automation.mailboxes.imap.test_reading import mail
from tests.servers.gmail_imap import Box, GmailImap, serving
from tests.servers.google_tokens import TokenServer

pytestmark = pytest.mark.django_db
ME = "me@gmail.com"
BACK = "http://testserver/mailboxes/gmail/callback"


@pytest.fixture
def gmail(google: TokenServer) -> Iterator[GmailImap]:
    with serving(google) as server:
        server.boxes[ME] = Box()
        yield server


@pytest.fixture
def box(gmail: GmailImap) -> Box:
    return gmail.boxes[ME]


@pytest.fixture
def mailbox(user: User, gmail: GmailImap) -> Mailbox:
    url = services.begin_gmail(user, BACK, over_imap=True)
    account = services.finish_gmail(user, gmail.tokens.consent(url, ME)).account
    Account.objects.filter(pk=account.pk).update(host="127.0.0.1", port=gmail.port, security="none")
    return account.mailbox


def test_full_access_is_asked_for_and_the_mailbox_is_read_over_imap(mailbox: Mailbox) -> None:
    account = Account.objects.get()
    assert (mailbox.kind, mailbox.location, account.provider) == ("imap", ME, "gmail")
    assert OPENS_IMAP in account.scopes
    assert set(asked("imap")) > {OPENS_IMAP}


def test_the_token_is_issued_once_for_many_logins(mailbox: Mailbox, gmail: GmailImap, sync: Sync) -> None:
    for _ in range(3):
        sync(mailbox)
    refresh_token = Account.objects.get().refresh_token.reveal()
    assert len(gmail.shown) == 3
    assert (len(set(gmail.shown)), gmail.tokens.refreshes[refresh_token]) == (1, 1)


def test_a_token_that_has_ended_is_replaced(mailbox: Mailbox, gmail: GmailImap, sync: Sync) -> None:
    sync(mailbox)
    Account.objects.update(access_until=Now(60))
    sync(mailbox)
    assert len(set(gmail.shown)) == 2


def test_a_token_that_is_refused_before_its_time_is_replaced_once(
    mailbox: Mailbox, gmail: GmailImap, sync: Sync
) -> None:
    sync(mailbox)
    gmail.tokens.issued.clear()
    sync(mailbox)
    assert len(set(gmail.shown)) == 2
    assert Account.objects.get().state == AccountState.CONNECTED


def test_tokens_that_are_refused_park_the_mailbox_until_it_is_connected_again(
    mailbox: Mailbox, gmail: GmailImap, user: User
) -> None:
    Account.objects.update(address="another@gmail.com")  # whose token this is not
    job = run_job(services.sync_mailbox(mailbox))
    account = Account.objects.get()
    assert (account.state, job.held.hold_id) == (AccountState.NEEDS_REAUTH, account.hold)
    assert account.reason == "127.0.0.1 refused the login of another@gmail.com."
    assert len(gmail.shown) == 2
    url = services.begin_gmail(user, BACK, over_imap=True)
    services.finish_gmail(user, gmail.tokens.consent(url, ME))
    Account.objects.update(host="127.0.0.1", port=gmail.port, security="none")
    assert run_job(job).status == JobStatus.COMPLETED


def test_a_grant_that_was_revoked_parks_it_too(mailbox: Mailbox, gmail: GmailImap) -> None:
    gmail.tokens.owners.clear()
    assert run_job(services.sync_mailbox(mailbox)).held.hold_id == Account.objects.get().hold
    assert "invalid_grant" in Account.objects.get().reason
    assert gmail.shown == []


def test_a_token_server_that_is_away_costs_an_ordinary_retry(mailbox: Mailbox, gmail: GmailImap) -> None:
    gmail.tokens.answers.extend([(503, "away")] * 3)
    job = run_job(services.sync_mailbox(mailbox))
    assert job.status == JobStatus.RETRYING
    assert Account.objects.get().state == AccountState.CONNECTED


def test_without_full_access_nothing_is_connected(user: User, gmail: GmailImap) -> None:
    url = services.begin_gmail(user, BACK, over_imap=True)
    less = gmail.tokens.consent(url, ME, ticked="openid https://www.googleapis.com/auth/gmail.modify")
    with pytest.raises(NotConnected, match="over IMAP: on its page, tick the box") as refused:
        services.finish_gmail(user, less)
    assert refused.value.code == "NOTHING_GRANTED"
    assert not Account.objects.exists()


def test_an_account_is_connected_in_one_way_at_a_time(mailbox: Mailbox, user: User, gmail: GmailImap) -> None:
    with pytest.raises(NotConnected, match="is connected by IMAP already"):
        services.finish_gmail(user, gmail.tokens.consent(services.begin_gmail(user, BACK), ME))


def test_each_message_is_read_once_with_its_labels_and_thread(mailbox: Mailbox, box: Box, sync: Sync) -> None:
    box.add(mail("one"), "\\Inbox", "\\Important", "Büro", "2024", thread=0xABC)
    box.add(mail("two"), "\\Sent", "\\Starred")
    box.add(mail("three"))
    box.add(mail("bin"), "\\Trash")
    run = sync(mailbox)
    assert (run.synced, run.duplicates) == (3, 0)
    labels = dict(Message.objects.values_list("subject", "labels"))
    assert labels == {"one": ["2024", "B\xfcro", "IMPORTANT", "INBOX"], "two": ["SENT"], "three": []}
    assert Message.objects.get(subject="one").provider_thread == "abc"
    assert Message.objects.get(subject="two").is_own


def test_labels_flags_and_the_bin_are_followed(mailbox: Mailbox, box: Box, sync: Sync) -> None:
    one, two = box.add(mail("one"), "\\Inbox"), box.add(mail("two"), "\\Inbox")
    sync(mailbox)
    one.labels.clear()
    box.label(one, "Work")
    one.flags.add("\\Seen")
    box.label(two, "\\Trash")
    run = sync(mailbox)
    assert (run.synced, run.changed, run.gone) == (0, 1, 1)
    message = Message.objects.get(subject="one")
    assert (message.labels, message.flags) == (["Work"], ["seen"])
    assert Message.objects.get(subject="two").gone_at


def test_folders_that_are_named_are_read_as_folders(mailbox: Mailbox, box: Box, sync: Sync) -> None:
    box.add(mail("one"), "\\Inbox", "Work")
    box.add(mail("two"), "Private")
    mailbox.only_folders = ["Work"]
    mailbox.save()
    sync(mailbox)
    assert [*Message.objects.values_list("subject", "labels")] == [("one", ["Work", "INBOX"])]
    mailbox.only_folders, mailbox.without_folders = [], ["Private"]
    mailbox.save()
    sync(mailbox)
    assert Message.objects.count() == 1


def test_labels_are_set_and_taken_away_where_it_lies(mailbox: Mailbox, box: Box, sync: Sync) -> None:
    one = box.add(mail("one"), "\\Inbox")
    sync(mailbox)
    message = Message.objects.get()
    for _ in range(2):
        labelled = mailbox_actions.act(message.pk, "add_label", 'New "one"')
    assert labelled.labels == ["INBOX", 'New "one"']
    assert mailbox_actions.act(message.pk, "archive").labels == ['New "one"']
    assert mailbox_actions.act(message.pk, "add_label", "INBOX").labels == ["INBOX", 'New "one"']
    assert mailbox_actions.act(message.pk, "remove_label", 'New "one"').labels == ["INBOX"]
    assert mailbox_actions.act(message.pk, "mark_read").flags == ["seen"]
    assert (one.labels, one.flags) == ({"\\Inbox"}, {"\\Seen"})
    run = sync(mailbox)
    assert (run.synced, run.changed, run.gone) == (0, 0, 0)


def test_it_is_asked_for_over_rest_and_in_the_admin(user: User, gmail: GmailImap, admin_client: Browser) -> None:
    rest = APIClient()
    rest.force_authenticate(user)
    told = rest.post("/api/mailboxes/connect/gmail", {"imap": True}, format="json").json()["data"]
    assert "mail.google.com" in told["authorization_url"]
    assert "mail.google.com" not in str(rest.post("/api/mailboxes/connect/gmail").json())
    refused = rest.post("/api/mailboxes/connect/gmail", {"imap": "perhaps"}, format="json")
    assert (refused.status_code, refused.json()["field"]) == (400, "imap")
    address = reverse("admin:email_automation_mailbox_connect_gmail")
    assert f'href="{address}?imap"' in admin_client.get("/admin/email_automation/mailbox/").content.decode()
    assert "mail.google.com" in admin_client.get(f"{address}?imap")["Location"]


def test_it_is_connected_again_over_imap_in_the_admin(mailbox: Mailbox, admin_client: Browser) -> None:
    again = reverse("admin:email_automation_mailbox_connect_gmail") + f"?mailbox={mailbox.pk}"
    shown = admin_client.get(reverse("admin:email_automation_mailbox_change", args=[mailbox.pk])).content.decode()
    assert again in shown
    assert "connect-imap" not in shown
    assert "mail.google.com" in admin_client.get(again)["Location"]


def test_no_token_is_in_a_job(mailbox: Mailbox, gmail: GmailImap) -> None:
    run_job(services.sync_mailbox(mailbox))
    job = Job.objects.get()
    assert gmail.shown[0] not in str(job.__dict__)
