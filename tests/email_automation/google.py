"""Everybody is sent to Google's accounts on loopback."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from email_automation.connecting import accounts
from email_automation.connecting.scopes import asked
from email_automation.models import Account, Mailbox, MailboxKind, Provider
from tests.servers.google_tokens import TokenServer, serving

Connect = Callable[..., Account]


@pytest.fixture(scope="module")
def token_server() -> Iterator[TokenServer]:
    with serving() as server:
        yield server


@pytest.fixture
def google(token_server: TokenServer, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> TokenServer:
    settings.GOOGLE_AUTH_URI = f"{token_server.url}/auth"
    settings.GOOGLE_TOKEN_URI = f"{token_server.url}/token"
    settings.GOOGLE_REVOKE_URI = f"{token_server.url}/revoke"
    settings.GOOGLE_CLIENT_ID, settings.GOOGLE_CLIENT_SECRET = "client", "client-secret"
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # plain http, to loopback
    token_server.answers.clear()
    token_server.changes.clear()
    token_server.revoked.clear()
    return token_server


@pytest.fixture
def connect(google: TokenServer) -> Connect:
    """Connect an account without asking anybody."""

    def connect(user: User, address: str = "me@gmail.com") -> Account:
        mailbox, _ = Mailbox.objects.get_or_create(user=user, kind=MailboxKind.GMAIL, name=address, location=address)
        refresh_token, scopes = google.grant(address), list(asked("modify"))
        return accounts.keep(mailbox, Provider.GMAIL, address, refresh_token=refresh_token, scopes=scopes)

    return connect
