"""Connecting Gmail: what comes back from Google is believed only as the answer to one's own question, once."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from email_automation import services
from email_automation.connecting.oauth import NotConnected
from email_automation.connecting.scopes import ACCESS, WHO, Function, asked, functions
from email_automation.models import Account, AccountState, Consent, Mailbox, MailboxKind
from jobs.clock import Now
from jobs.models import AuditEntry, Job
from jobs.testing import FrozenClock
from tests.email_automation.google import Connect
from tests.jobs.test_races import together
from tests.servers.google_tokens import TokenServer, id_token

pytestmark = pytest.mark.django_db

BACK = "https://fikiri.example/mailboxes/gmail/callback"
ME = "me@gmail.com"


def answer(google: TokenServer, user: User, owner: str = ME, **terms: Any) -> dict[str, str]:
    return google.consent(services.begin_gmail(user, BACK), owner, **terms)


def test_an_account_is_connected_and_synced(user: User, google: TokenServer) -> None:
    connected = services.finish_gmail(user, answer(google, user))
    account = connected.account
    assert str(connected) == "Connected: me@gmail.com."
    assert google.owners[account.refresh_token.reveal()] == ME
    assert (account.state, account.address, account.mailbox.location) == ("connected", ME, ME)
    assert account.mailbox.is_own(ME)
    assert functions(account.scopes) == set(Function)
    assert Job.objects.get().task == "process_gmail_sync"
    assert not Consent.objects.exists()


def test_the_owner_is_asked_for_no_more_than_the_setting_says(
    user: User, google: TokenServer, settings: Settings
) -> None:
    settings.GMAIL_ACCESS = "read"
    query = parse_qs(urlsplit(services.begin_gmail(user, BACK, address=ME)).query)
    assert query["scope"] == [" ".join((*WHO, "https://www.googleapis.com/auth/gmail.readonly"))]
    assert query["include_granted_scopes"] == ["true"]
    assert query["login_hint"] == [ME]
    assert query["redirect_uri"] == [BACK]


@pytest.mark.parametrize("access", ACCESS)
def test_what_is_asked_for_allows_something(access: str) -> None:
    assert functions(asked(access))


def test_neither_state_nor_verifier_can_be_read_in_the_database(user: User, google: TokenServer) -> None:
    state = parse_qs(urlsplit(services.begin_gmail(user, BACK)).query)["state"][0]
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, verifier FROM email_automation_consent")
        stored, verifier = cursor.fetchone()
    assert stored != state
    assert verifier.startswith("fernet:")


def test_an_answer_is_used_once(user: User, google: TokenServer) -> None:
    given = answer(google, user)
    services.finish_gmail(user, given)
    with pytest.raises(NotConnected, match="used before"):
        services.finish_gmail(user, given)


def test_somebody_elses_answer_connects_nothing(user: User, stranger: User, google: TokenServer) -> None:
    given = answer(google, stranger, "victim@gmail.com")
    with pytest.raises(NotConnected, match="somebody else asked"):
        services.finish_gmail(user, given)
    assert not Account.objects.exists()
    assert Consent.objects.get().begun_by == stranger


@pytest.mark.parametrize("state", ["", "made up", "\0", "\ud800"])
def test_a_made_up_state_connects_nothing(user: User, google: TokenServer, state: str) -> None:
    with pytest.raises(NotConnected) as raised:
        services.finish_gmail(user, answer(google, user) | {"state": state})
    assert (raised.value.code, raised.value.field) == ("CONSENT_UNKNOWN", "state")


def test_an_answer_comes_too_late(user: User, google: TokenServer, jobs_clock: FrozenClock) -> None:
    given = answer(google, user)
    jobs_clock.advance(601)
    with pytest.raises(NotConnected, match="too old"):
        services.finish_gmail(user, given)


def test_a_stolen_code_is_worth_nothing_without_the_verifier(user: User, google: TokenServer) -> None:
    stolen = answer(google, user, "victim@gmail.com")["code"]
    with pytest.raises(NotConnected, match="invalid_grant"):
        services.finish_gmail(user, answer(google, user) | {"code": stolen})
    assert not Account.objects.exists()


@pytest.mark.parametrize(
    ("error", "told"), [("access_denied", "was not allowed"), ("<b>x", "did not ask \\(bx\\)"), ("\n", "no reason")]
)
def test_an_owner_who_says_no_connects_nothing(user: User, google: TokenServer, error: str, told: str) -> None:
    given = answer(google, user)
    with pytest.raises(NotConnected, match=told):
        services.finish_gmail(user, {"state": given["state"], "error": error})


def test_what_the_owner_unticked_is_named(user: User, google: TokenServer, settings: Settings) -> None:
    settings.GMAIL_ACCESS = "read-and-send"
    connected = services.finish_gmail(user, answer(google, user, ticked="openid " + ACCESS["read"][0]))
    assert connected.missing == [Function.SEND]
    assert "Not allowed was: sending mail. Connect it again and tick" in str(connected)
    assert functions(connected.account.scopes) == {Function.READ}


def test_an_owner_who_ticked_nothing_connects_nothing(user: User, google: TokenServer) -> None:
    with pytest.raises(NotConnected, match="tick the boxes"):
        services.finish_gmail(user, answer(google, user, ticked=" ".join(WHO)))
    assert len(google.revoked) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"refresh_token": None}, "NO_REFRESH_TOKEN"),
        ({"id_token": None}, "ADDRESS_UNKNOWN"),
        ({"id_token": "no.such.token"}, "ADDRESS_UNKNOWN"),
        ({"id_token": id_token({"aud": "another client", "email": ME})}, "ADDRESS_UNKNOWN"),
        ({"id_token": id_token({"aud": "client"})}, "ADDRESS_UNKNOWN"),
        ({"access_token": None}, "CONSENT_REFUSED"),
        ({"scope": None}, "NOTHING_GRANTED"),
    ],
)
def test_odd_tokens_connect_nothing(user: User, google: TokenServer, changes: dict[str, str | None], code: str) -> None:
    google.changes |= changes
    with pytest.raises(NotConnected) as raised:
        services.finish_gmail(user, answer(google, user))
    assert raised.value.code == code
    assert not Account.objects.exists()


@pytest.mark.parametrize("said", [(500, "<html>"), (400, {"error": "invalid_client"}), (200, "no json"), (200, {})])
def test_a_token_server_that_answers_badly_connects_nothing(
    user: User, google: TokenServer, said: tuple[int, Any]
) -> None:
    google.answers.append(said)
    with pytest.raises(NotConnected):
        services.finish_gmail(user, answer(google, user))


def test_a_token_server_that_is_away_is_told(user: User, google: TokenServer, settings: Settings) -> None:
    given = answer(google, user)
    settings.GOOGLE_TOKEN_URI = "http://127.0.0.1:9/"
    with pytest.raises(NotConnected, match="cannot be reached"):
        services.finish_gmail(user, given)


def test_without_a_client_it_says_what_to_set(user: User, google: TokenServer, settings: Settings) -> None:
    settings.GOOGLE_CLIENT_SECRET = ""
    with pytest.raises(NotConnected, match="set GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET"):
        services.begin_gmail(user, BACK)


def test_the_mailbox_that_waited_is_the_one_that_is_connected(user: User, google: TokenServer) -> None:
    waiting = services.mailbox_of(user.pk)
    services.finish_gmail(user, answer(google, user))
    assert Mailbox.objects.get() == waiting


def test_an_account_is_a_users_mailbox_once(user: User, stranger: User, google: TokenServer) -> None:
    for who in (user, user, stranger):
        services.finish_gmail(who, answer(google, who))
    assert sorted(Mailbox.objects.values_list("user_id", flat=True)) == sorted([user.pk, stranger.pk])
    assert Account.objects.count() == 2


def test_connecting_again_keeps_the_newer_token_and_lets_go_on_what_was_held(user: User, google: TokenServer) -> None:
    services.finish_gmail(user, answer(google, user))
    Account.objects.update(state=AccountState.NEEDS_REAUTH, reason="revoked", refresh_token="", told_at=Now())
    account = services.finish_gmail(user, answer(google, user)).account
    assert (account.state, account.reason, account.told_at) == ("connected", "", None)


def test_an_address_that_is_read_by_imap_is_not_taken_over(user: User, google: TokenServer) -> None:
    Mailbox.objects.create(user=user, kind=MailboxKind.IMAP, name="mine", location=ME)
    with pytest.raises(NotConnected, match="connected by IMAP already"):
        services.finish_gmail(user, answer(google, user))


def test_disconnecting_revokes_and_erases(user: User, google: TokenServer, connect: Connect) -> None:
    account = connect(user)
    token = account.refresh_token.reveal()
    assert services.disconnect(account.mailbox, by="ann")
    account.refresh_from_db()
    assert google.revoked == [token]
    assert (account.state, bool(account.refresh_token), bool(account.access_token)) == ("disconnected", False, False)
    assert services.disconnect(account.mailbox, by="ann")  # twice is once
    assert google.revoked == [token]


@pytest.mark.parametrize("said", [(500, {}), (503, "<html>")])
def test_a_login_is_erased_though_google_is_away(
    user: User, google: TokenServer, connect: Connect, said: tuple[int, Any]
) -> None:
    account = connect(user)
    google.answers.append(said)
    assert not services.disconnect(account.mailbox, by="ann")
    assert not Account.objects.get().refresh_token


def test_the_audit_knows_who_connected_what_and_no_secret(user: User, google: TokenServer) -> None:
    account = services.finish_gmail(user, answer(google, user)).account
    services.disconnect(account.mailbox, by=user.username)
    entries = list(AuditEntry.objects.order_by("id"))
    assert [(entry.verb, entry.by) for entry in entries] == [("connect", "shop"), ("disconnect", "shop")]
    assert account.refresh_token.reveal() not in str([vars(entry) for entry in entries])


def test_one_person_has_few_open_questions(user: User, google: TokenServer) -> None:
    for _ in range(12):
        services.begin_gmail(user, BACK)
    assert Consent.objects.count() == 10


@pytest.mark.django_db(transaction=True)
def test_of_two_who_bring_the_same_answer_one_connects(user: User, google: TokenServer) -> None:
    given = answer(google, user)
    finish: Callable[[], object] = lambda: services.finish_gmail(user, given)  # noqa: E731
    outcomes = together(finish, finish)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Connected", "NotConnected"]


# Over REST


@pytest.fixture
def rest(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def test_it_is_connected_over_rest(user: User, google: TokenServer, rest: APIClient) -> None:
    url = rest.post("/api/mailboxes/connect/gmail").json()["data"]["authorization_url"]
    assert url.startswith(f"{google.url}/auth?")
    given = google.consent(url, ME)
    told = rest.post("/api/mailboxes/connect/gmail/finish", given, format="json").json()
    assert told["data"]["missing"] == []
    assert told["data"]["mailbox"]["account"] == "connected"
    assert Account.objects.get().refresh_token.reveal() not in str(told)


def test_a_refusal_over_rest_has_a_code(rest: APIClient, google: TokenServer, settings: Settings) -> None:
    refused = rest.post("/api/mailboxes/connect/gmail/finish", {"state": "x", "code": "y"}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (400, "CONSENT_UNKNOWN")
    settings.GOOGLE_CLIENT_ID = ""
    refused = rest.post("/api/mailboxes/connect/gmail")
    assert (refused.status_code, refused.json()["code"]) == (400, "GOOGLE_NOT_CONFIGURED")


def test_users_see_and_disconnect_only_their_own(user: User, stranger: User, connect: Connect, rest: APIClient) -> None:
    mine, theirs = connect(user).mailbox, connect(stranger, "theirs@gmail.com").mailbox
    listed = rest.get("/api/mailboxes").json()["data"]
    assert [row["id"] for row in listed["mailboxes"]] == [mine.pk]
    assert rest.post(f"/api/mailboxes/{theirs.pk}/disconnect").status_code == 404
    assert rest.post(f"/api/mailboxes/{mine.pk}/disconnect").json()["data"]["provider_told"] is True
    assert sorted(Account.objects.values_list("state", flat=True)) == ["connected", "disconnected"]


# In a browser


def test_a_browser_that_comes_back_is_told(user: User, google: TokenServer, client: Client) -> None:
    client.force_login(user)
    given = answer(google, user)
    page = client.get(reverse("gmail-callback"), given, follow=True)
    assert page.redirect_chain == [("/mine/", 302)]
    assert b"Connected: me@gmail.com." in page.content
    page = client.get(reverse("gmail-callback"), given, follow=True)
    assert b"used before" in page.content


def test_a_browser_without_a_login_has_to_log_in_first(user: User, google: TokenServer, client: Client) -> None:
    sent = client.get(reverse("gmail-callback"), answer(google, user))
    assert sent.status_code == 302
    assert sent["Location"].startswith("/mine/login?next=/mailboxes/gmail/callback")
    assert not Account.objects.exists()


def test_staff_begin_in_the_admin_and_come_back_to_it(google: TokenServer, admin_client: Client) -> None:
    sent = admin_client.get(reverse("admin:email_automation_mailbox_connect_gmail"))
    back = parse_qs(urlsplit(sent["Location"]).query)["redirect_uri"][0]
    assert back == "http://testserver/mailboxes/gmail/callback"
    page = admin_client.get(urlsplit(back).path, google.consent(sent["Location"], ME), follow=True)
    assert page.redirect_chain == [(reverse("admin:email_automation_mailbox_changelist"), 302)]
    assert b"Connected: me@gmail.com." in page.content


def test_staff_connect_a_users_mailbox_again(
    user: User, google: TokenServer, connect: Connect, admin_client: Client
) -> None:
    mailbox = connect(user).mailbox
    Account.objects.update(state=AccountState.NEEDS_REAUTH, refresh_token="", reason="revoked")
    shown = admin_client.get(reverse("admin:email_automation_mailbox_changelist")).content.decode()
    assert "To be connected again: me@gmail.com" in shown
    again = reverse("admin:email_automation_mailbox_connect_gmail") + f"?mailbox={mailbox.pk}"
    assert (
        again in admin_client.get(reverse("admin:email_automation_mailbox_change", args=[mailbox.pk])).content.decode()
    )
    sent = admin_client.get(again)
    admin_client.get(reverse("gmail-callback"), google.consent(sent["Location"], ME))
    assert Account.objects.get().state == AccountState.CONNECTED
    assert Mailbox.objects.get().user == user


@pytest.mark.parametrize("mailbox", ["999", "x", "-1", "9" * 30])
def test_a_mailbox_that_there_is_not_is_not_connected(google: TokenServer, admin_client: Client, mailbox: str) -> None:
    address = reverse("admin:email_automation_mailbox_connect_gmail")
    assert admin_client.get(address, {"mailbox": mailbox}).status_code == 403


def test_staff_without_the_permission_connect_nothing(google: TokenServer, user: User, client: Client) -> None:
    user.is_staff = True
    user.save()
    client.force_login(user)
    assert client.get(reverse("admin:email_automation_mailbox_connect_gmail")).status_code == 403


def test_no_page_of_the_admin_shows_a_login(user: User, connect: Connect, admin_client: Client) -> None:
    account = connect(user)
    Account.objects.update(access_token="ya29.canary", access_until=Now(3600))
    shown = admin_client.get(reverse("admin:email_automation_mailbox_change", args=[account.mailbox_id]))
    assert shown.status_code == 200
    for canary in ("ya29.canary", account.refresh_token.reveal(), account.refresh_token.encrypted()):
        assert canary not in shown.content.decode()


def test_a_gmail_mailbox_is_saved_in_the_admin(user: User, connect: Connect, admin_client: Client) -> None:
    mailbox = connect(user).mailbox
    address = reverse("admin:email_automation_mailbox_change", args=[mailbox.pk])
    page = admin_client.get(address)
    form = page.context["adminform"].form
    data = {name: form[name].value() for name in form.fields} | {"name": "Mine", "own_addresses": "[]"}
    for formset in page.context["inline_admin_formsets"]:
        management = formset.formset.management_form
        data |= {f"{management.prefix}-{name}": management[name].value() for name in management.fields}
    saved = admin_client.post(address, {name: value for name, value in data.items() if value is not None})
    assert saved.status_code == 302, saved.context["errors"]
    mailbox.refresh_from_db()
    assert (mailbox.name, mailbox.location) == ("Mine", ME)


def test_disconnecting_in_the_admin(user: User, google: TokenServer, connect: Connect, admin_client: Client) -> None:
    account = connect(user)
    listed = reverse("admin:email_automation_mailbox_changelist")
    page = admin_client.post(
        listed, {"action": "disconnect", "_selected_action": [account.mailbox_id]}, follow=True
    ).content.decode()
    assert "Disconnected: me@gmail.com." in page
    assert Account.objects.get().state == AccountState.DISCONNECTED
