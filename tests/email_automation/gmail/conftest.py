"""A stand-in for Gmail with one account, and a client of it."""

from collections.abc import Iterator

import pytest
from google.oauth2.credentials import Credentials

from email_automation.gmail import Client, client
from tests.servers.gmail import Box, GmailServer

ADDRESS = "shop@fikiri.example"


class NoLimit:
    """A quota that is never used up; it remembers what was reserved, and learned."""

    def __init__(self) -> None:
        self.reserved: list[str] = []
        self.refusals: list[tuple[float, str]] = []

    def reserve(self, call: str) -> None:
        self.reserved.append(call)

    def learned(self, seconds: float, code: str) -> None:
        self.refusals.append((seconds, code))


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
