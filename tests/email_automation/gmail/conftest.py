"""A stand-in for Gmail with one account, and a client of it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from google.oauth2.credentials import Credentials
from pytest_django.fixtures import Settings

from email_automation.connecting import accounts
from email_automation.gmail import Client, RateLimited, client
from email_automation.models import Mailbox, MailboxKind, Provider
from jobs import clock
from tests.servers.gmail import Box, GmailServer

ADDRESS = "shop@fikiri.example"


class NoLimit:
    """A quota that is never used up; it remembers what was reserved, and learned."""

    def __init__(self) -> None:
        self.reserved: list[str] = []
        self.refusals: list[tuple[float, str]] = []

    def reserve(self, call: str) -> None:
        self.reserved.append(call)

    def learned(self, refusal: RateLimited) -> None:
        self.refusals.append((refusal.seconds, refusal.code))


@pytest.fixture
def server() -> Iterator[GmailServer]:
    with GmailServer() as server:
        yield server


@pytest.fixture
def box(server: GmailServer) -> Box:
    return server.account(ADDRESS)


@pytest.fixture
def quota() -> NoLimit:
    return NoLimit()


@pytest.fixture
def gmail(server: GmailServer, box: Box, quota: NoLimit, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setattr(client, "PAUSES", (0.0, 0.0))
    with Client(credentials(server), quota, server.url) as gmail:
        yield gmail


def credentials(server: GmailServer, address: str = ADDRESS) -> Credentials:
    return Credentials(  # type: ignore[no-untyped-call]
        token=f"access-{address}",
        refresh_token=f"refresh-{address}",
        token_uri=server.token_url,
        client_id="id",
        client_secret="secret",
    )


@pytest.fixture
def mailbox(user: User, server: GmailServer, box: Box, settings: Settings) -> Mailbox:
    """The account, connected; as many units as one likes."""
    settings.GMAIL_API_ROOT = server.url
    settings.GOOGLE_TOKEN_URI = server.token_url
    settings.GMAIL_USER_UNITS = settings.GMAIL_USER_UNITS_LIMIT = settings.GMAIL_PROJECT_UNITS = 100_000_000
    return connected(user)


def connected(user: User, address: str = ADDRESS) -> Mailbox:
    mailbox = Mailbox.objects.create(user=user, kind=MailboxKind.GMAIL, name="Gmail", location=address)
    until = clock.now() + timedelta(hours=1)
    tokens = {"refresh_token": f"refresh-{address}", "access_token": f"access-{address}", "access_until": until}
    accounts.keep(mailbox, Provider.GMAIL, address, **tokens)
    return mailbox
