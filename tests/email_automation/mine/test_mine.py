"""People who are no staff log in, and see and steer what is theirs and nothing else."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from email_automation import services
from email_automation.connecting import telling
from email_automation.models import (
    Account,
    AccountState,
    Author,
    Mailbox,
    MailboxKind,
    MailStatus,
    Message,
    OutgoingMail,
    SyncRun,
)
from email_automation.sending.letters import Letter
from jobs.models import Job
from tests.email_automation.google import Connect
from tests.email_automation.mailboxes.imap.conftest import Account as OnServer
from tests.email_automation.mailboxes.imap.conftest import mail_devel_port, on_mail_devel  # noqa: F401 - fixtures
from tests.email_automation.mailboxes.letters import letter
from tests.servers.dovecot import PASSWORD
from tests.servers.google_tokens import TokenServer

pytestmark = pytest.mark.django_db
HERE, LOGIN = "/mine/", "/mine/login"


@pytest.fixture
def own(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def shown(client: Client) -> str:
    return client.get(HERE).content.decode()


def waiting(user: User, **changed: object) -> OutgoingMail:
    letter = {"to": "jane@company.com", "subject": "Your order", "body": "It is on its way.", "author": Author.MODEL}
    return services.propose(Letter(**{**letter, "user_id": user.pk, **changed}))  # type: ignore[arg-type]


def test_who_is_not_logged_in_is_led_there_and_back(client: Client, user: User) -> None:
    assert client.get(HERE).headers["Location"] == f"{LOGIN}?next={HERE}"
    page = client.post(f"{LOGIN}?next={HERE}", {"username": "shop", "password": "secret", "next": HERE}, follow=True)
    assert page.redirect_chain == [(HERE, 302)]
    assert "You have no mailbox here yet." in page.content.decode()
    assert client.get("/").headers["Location"] == HERE


def test_a_wrong_password_says_nothing_of_who_there_is(client: Client, user: User) -> None:
    answers = {client.post(LOGIN, {"username": name, "password": "x"}).content for name in ("shop", "nobody")}
    said = [answer.decode() for answer in answers]
    assert all("do not go together" in one for one in said)


def test_nobody_is_led_elsewhere_after_the_login(client: Client, user: User) -> None:
    given = {"username": "shop", "password": "secret", "next": "https://evil.example/"}
    assert client.post(LOGIN, given).headers["Location"] == HERE


def test_logging_out_is_a_post_and_ends_it(own: Client) -> None:
    assert own.get("/mine/logout").status_code == 405
    assert own.post("/mine/logout").headers["Location"] == LOGIN
    assert own.get(HERE).status_code == 302


def test_everybody_sees_what_is_theirs(own: Client, user: User, stranger: User, connect: Connect) -> None:
    connect(user), connect(stranger, "theirs@gmail.com")
    waiting(user), waiting(stranger, subject="Their order")
    services.ask_ai("mine", user_id=user.pk)
    Job.objects.filter(owner_id=None).update(owner_id=user.pk)
    page = shown(own)
    assert "me@gmail.com" in page
    assert "Your order" in page
    assert "theirs@gmail.com" not in page
    assert "Their order" not in page


def test_a_mailbox_is_synced_paused_and_let_go_on(own: Client, make_mailbox: Callable[..., Mailbox]) -> None:
    mailbox = make_mailbox(letter(1))
    assert "will be synced" in own.post(f"{HERE}mailboxes/{mailbox.pk}/sync", follow=True).content.decode()
    assert SyncRun.objects.get().sync_type == "owner"
    assert "is paused" in own.post(f"{HERE}mailboxes/{mailbox.pk}/pause", follow=True).content.decode()
    mailbox.refresh_from_db()
    assert mailbox.paused_at
    own.post(f"{HERE}mailboxes/{mailbox.pk}/resume")
    mailbox.refresh_from_db()
    assert mailbox.paused_at is None


@pytest.mark.parametrize("verb", ["approve", "reject", "undo"])
def test_what_is_anothers_is_not_there(own: Client, stranger: User, connect: Connect, verb: str) -> None:
    theirs, mail = connect(stranger).mailbox, waiting(stranger)
    for action in ("sync", "pause", "resume", "delete"):
        assert own.post(f"{HERE}mailboxes/{theirs.pk}/{action}").status_code == 404
    assert own.post(f"{HERE}mail/{mail.pk}", {"verb": verb, "subject": "x", "body": "y"}).status_code == 404
    for page in ("connect/gmail", "connect/imap"):
        assert own.get(f"{HERE}{page}?mailbox={theirs.pk}").status_code == 404
    mail.refresh_from_db()
    assert mail.status == MailStatus.AWAITING_APPROVAL
    assert Mailbox.objects.get(pk=theirs.pk).paused_at is None


def test_only_a_post_changes_something(own: Client, user: User, make_mailbox: Callable[..., Mailbox]) -> None:
    assert own.get(f"{HERE}mailboxes/{make_mailbox(letter(1)).pk}/sync").status_code == 405
    assert own.get(f"{HERE}mail/{waiting(user).pk}").status_code == 405


def test_another_site_cannot_post(user: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    assert browser.post(f"{HERE}mail/{waiting(user).pk}", {"verb": "approve"}).status_code == 403


def test_what_waits_is_sent_with_the_words_that_stand_there(own: Client, user: User) -> None:
    mail = waiting(user)
    said = {"verb": "approve", "subject": "Your order", "body": "It has\r\ngone."}
    assert "is on its way" in own.post(f"{HERE}mail/{mail.pk}", said, follow=True).content.decode()
    mail.refresh_from_db()
    assert (mail.status, mail.body, mail.released_by) == (MailStatus.QUEUED, "It has\ngone.", user)
    assert "one no more" in own.post(f"{HERE}mail/{mail.pk}", said, follow=True).content.decode()


def test_what_waits_is_rejected_and_bad_words_are_named(own: Client, user: User) -> None:
    mail = waiting(user)
    bad = {"verb": "approve", "subject": "Two\r\nBcc: x@evil.example", "body": "x"}
    assert "has to be one line" in own.post(f"{HERE}mail/{mail.pk}", bad, follow=True).content.decode()
    assert "say approve, reject or undo" in own.post(f"{HERE}mail/{mail.pk}", {}, follow=True).content.decode()
    own.post(f"{HERE}mail/{mail.pk}", {"verb": "reject"})
    mail.refresh_from_db()
    assert (mail.status, mail.reason) == (MailStatus.SKIPPED, "rejected by shop")


def test_what_is_held_is_taken_back(own: Client, user: User) -> None:
    services.send_email("jane@company.com", "Hello", "x", user_id=user.pk, author=Author.PERSON, hold=300)
    mail = OutgoingMail.objects.get()
    assert "Take it back" in shown(own)
    assert "waits for you again" in own.post(f"{HERE}mail/{mail.pk}", {"verb": "undo"}, follow=True).content.decode()
    mail.refresh_from_db()
    assert mail.status == MailStatus.DRAFT


def test_what_strangers_wrote_is_text(own: Client, user: User, sync: Callable[..., list[Message]]) -> None:
    attack = "<script>alert(1)</script>"
    [message] = sync(letter(1).replace(b"Subject: ", f"Subject: {attack}".encode()))
    waiting(user, subject=attack, body=attack, answers=message)
    page = own.get(HERE)
    assert "<script" not in page.content.decode()
    assert page.content.decode().count("&lt;script&gt;") >= 3
    assert "'unsafe-inline'" not in page.headers["Content-Security-Policy"]
    assert "style=" not in page.content.decode()


def test_gmail_is_connected_and_told_there(own: Client, google: TokenServer) -> None:
    sent = own.get(f"{HERE}connect/gmail")
    assert "mail.google.com" not in sent.headers["Location"]
    assert "mail.google.com" in own.get(f"{HERE}connect/gmail?imap").headers["Location"]
    back = google.consent(sent.headers["Location"], "me@gmail.com")
    page = own.get("/mailboxes/gmail/callback", back, follow=True)
    assert page.redirect_chain == [(HERE, 302)]
    assert "Connected: me@gmail.com." in page.content.decode()


def test_where_gmail_is_not_set_up_it_says_so(own: Client, settings: Settings) -> None:
    settings.GOOGLE_CLIENT_ID = ""
    assert "Gmail cannot be connected yet" in own.get(f"{HERE}connect/gmail", follow=True).content.decode()


def test_a_login_over_imap_is_tried_and_its_password_shown_nowhere(own: Client, on_mail_devel: OnServer) -> None:  # noqa: F811
    login = {"host": "localhost", "security": "none", "port": on_mail_devel.port, "username": on_mail_devel.username}
    refused = own.post(f"{HERE}connect/imap", login | {"password": "wrong-one"}).content.decode()
    assert "refused the login" in refused
    assert "wrong-one" not in refused
    page = own.post(f"{HERE}connect/imap", login | {"password": PASSWORD}, follow=True)
    assert page.redirect_chain == [(HERE, 302)]
    assert Mailbox.objects.get().kind == MailboxKind.IMAP
    assert SyncRun.objects.get().sync_type == "connected"
    again = own.get(f"{HERE}connect/imap?mailbox={Mailbox.objects.get().pk}").content.decode()
    assert on_mail_devel.username in again
    assert PASSWORD not in page.content.decode() + again


def test_who_has_to_connect_again_is_led_here(own: Client, user: User, connect: Connect, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://fikiri.company.com"
    account = connect(user)
    Account.objects.update(state=AccountState.NEEDS_REAUTH, reason="Access was revoked.", refresh_token="")
    telling.needs_reauth(account)
    assert "(https://fikiri.company.com/mine/)" in Job.objects.get(task="send_email").arguments["body"]
    page = shown(own)
    assert "Access was revoked." in page
    assert f"/mine/connect/gmail?mailbox={account.mailbox_id}" in page
