"""The whole consent, judged by a Google that nobody here wrote: page, PKCE, refresh, revocation, connecting again."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from google.auth.transport.requests import AuthorizedSession
from pytest_django.fixtures import Settings

from email_automation import services
from email_automation.connecting import google_tokens
from email_automation.connecting.oauth import NotConnected
from email_automation.connecting.scopes import Function, functions
from email_automation.models import Account, AccountState, Mailbox
from jobs.clock import Now
from jobs.errors import Fail, Held
from tests.servers.emulate import CLIENT, Emulate
from tests.servers.programs import Programs

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.only_on("sqlite")]

ANN, BOB = "ann@gmail.com", "bob@gmail.com"
BACK = "http://testserver/mailboxes/gmail/callback"


@pytest.fixture(scope="module")
def emulate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulate]:
    folder: Path = tmp_path_factory.mktemp("emulate")
    with Programs(folder) as programs:
        yield Emulate(programs, folder, ANN, BOB, redirect_uri=BACK)


@pytest.fixture
def google(emulate: Emulate, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Emulate:
    settings.GOOGLE_CLIENT_ID, settings.GOOGLE_CLIENT_SECRET = CLIENT
    settings.GOOGLE_AUTH_URI = f"{emulate.url}/o/oauth2/v2/auth"
    settings.GOOGLE_TOKEN_URI = f"{emulate.url}/oauth2/token"
    settings.GOOGLE_REVOKE_URI = f"{emulate.url}/oauth2/revoke"
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # plain http, to loopback
    return emulate


@pytest.fixture
def owner(django_user_model: type[User]) -> User:
    return django_user_model.objects.create_user("ann", "ann@fikiri.example")


def answer(google: Emulate, user: User, address: str = ANN) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(google.consent(services.begin_gmail(user, BACK), address)).query))


def who_opens(google: Emulate, mailbox: Mailbox) -> str:
    """Whose account the mailbox's credentials open, by Google's word."""
    with AuthorizedSession(google_tokens.credentials(mailbox)) as session:  # type: ignore[no-untyped-call]
        told = session.get(f"{google.url}/oauth2/v2/userinfo", timeout=(5, 30))
        assert session.get(f"{google.url}/gmail/v1/users/me/messages", timeout=(5, 30)).status_code == 200
    return str(told.json()["email"])


def test_staff_connect_an_account_in_the_browser(google: Emulate, admin_client: Client) -> None:
    sent = admin_client.get(reverse("admin:email_automation_mailbox_connect_gmail"))
    back = google.consent(sent["Location"], ANN)
    assert back.startswith(f"{BACK}?")
    page = admin_client.get(back.removeprefix("http://testserver"), follow=True)
    assert b"Connected: ann@gmail.com." in page.content
    account = Account.objects.get()
    assert functions(account.scopes) == set(Function)
    assert who_opens(google, account.mailbox) == ANN


def test_a_code_without_its_verifier_is_worth_nothing(google: Emulate, owner: User) -> None:
    stolen = answer(google, owner, BOB)["code"]
    with pytest.raises(NotConnected, match="invalid_grant"):
        services.finish_gmail(owner, answer(google, owner) | {"code": stolen})


def test_two_accounts_open_each_its_own(google: Emulate, owner: User) -> None:
    mailboxes = {who: services.finish_gmail(owner, answer(google, owner, who)).account.mailbox for who in (ANN, BOB)}
    assert {who: who_opens(google, mailbox) for who, mailbox in mailboxes.items()} == {ANN: ANN, BOB: BOB}


def test_a_token_is_refreshed_when_it_ends(google: Emulate, owner: User) -> None:
    mailbox = services.finish_gmail(owner, answer(google, owner)).account.mailbox
    first = google_tokens.credentials(mailbox).token
    Account.objects.update(access_until=Now())
    assert google_tokens.credentials(mailbox).token != first
    assert who_opens(google, mailbox) == ANN


def test_a_grant_that_its_owner_revoked_parks_until_it_is_connected_again(google: Emulate, owner: User) -> None:
    account = services.finish_gmail(owner, answer(google, owner)).account
    google.revoke(account.refresh_token.reveal())
    with pytest.raises(Held, match="invalid_grant"):
        google_tokens.credentials(account.mailbox)
    account.refresh_from_db()
    assert account.state == AccountState.NEEDS_REAUTH
    services.finish_gmail(owner, answer(google, owner))
    assert who_opens(google, account.mailbox) == ANN


def test_disconnecting_takes_the_access_back_at_google(google: Emulate, owner: User) -> None:
    account = services.finish_gmail(owner, answer(google, owner)).account
    token = account.refresh_token.reveal()
    assert services.disconnect(account.mailbox, by="ann")
    with pytest.raises(Fail, match="is not connected"):
        google_tokens.credentials(account.mailbox)
    Account.objects.update(state=AccountState.CONNECTED, refresh_token=token)  # as from an old copy of the database
    with pytest.raises(Held, match="invalid_grant"):
        google_tokens.credentials(account.mailbox)
