"""IMAP servers that nobody here wrote, filled by a client that nobody here wrote either."""

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
from django.contrib.auth.models import User
from imap_tools import MailBox, MailBoxUnencrypted
from imap_tools.mailbox import BaseMailBox

from email_automation import services
from email_automation.mailboxes.imap import Client
from email_automation.models import Mailbox, SyncRun
from email_automation.syncing import sync as syncing
from tests.servers.dovecot import PASSWORD, Dovecot, dovecot
from tests.servers.mail_devel import mail_devel

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def dovecot_server() -> Iterator[Dovecot]:
    with dovecot() as server:
        yield server


@pytest.fixture(scope="session")
def mail_devel_port() -> Iterator[int]:
    with mail_devel() as port:
        yield port


@dataclass
class Account:
    """An account of its own for each test, and the other client in it."""

    username: str
    port: int
    security: str
    box: BaseMailBox

    def connect(self, user: User, **options: Any) -> Mailbox:
        return services.connect_imap(
            user, host="localhost", port=self.port, security=self.security, username=self.username, password=PASSWORD,
            **options,
        )  # fmt: skip

    def has(self, raw: bytes, folder: str = "INBOX", *flags: str) -> None:
        if not self.box.folder.exists(folder):
            self.box.folder.create(folder)
        self.box.append(raw, folder, flag_set=flags or None)

    def uids(self, folder: str = "INBOX") -> list[str]:
        self.box.folder.set(folder)
        return self.box.uids()


@pytest.fixture
def on_mail_devel(mail_devel_port: int) -> Iterator[Account]:
    """Knows neither CONDSTORE nor TLS."""
    username = f"user{next(_numbers)}@fikiri.example"
    with MailBoxUnencrypted("127.0.0.1", mail_devel_port).login(username, PASSWORD) as box:
        yield Account(username, mail_devel_port, "none", box)


@pytest.fixture
def on_dovecot(dovecot_server: Dovecot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """Knows QRESYNC, and is spoken to over TLS with a certificate that is looked at."""
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot_server.certificate))
    username = f"user{next(_numbers)}.{os.getpid()}@fikiri.example"
    with MailBox("localhost", dovecot_server.tls_port).login(username, PASSWORD) as box:
        yield Account(username, dovecot_server.tls_port, "tls", box)


@pytest.fixture(
    params=[
        "mail-devel",
        pytest.param("qresync", marks=pytest.mark.slow),
        pytest.param("condstore", marks=[pytest.mark.slow, pytest.mark.only_on("sqlite")]),
    ]
)
def account(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Account:
    """Of servers that tell more and less of what changed."""
    if request.param == "mail-devel":
        return cast(Account, request.getfixturevalue("on_mail_devel"))
    if request.param == "condstore":
        knows = Client.has_capability
        monkeypatch.setattr(Client, "has_capability", lambda self, name: name != "QRESYNC" and knows(self, name))
    return cast(Account, request.getfixturevalue("on_dovecot"))


Sync = Callable[..., SyncRun]


@pytest.fixture
def sync() -> Sync:
    def run(mailbox: Mailbox, **options: Any) -> SyncRun:
        mailbox.refresh_from_db()
        return syncing.run(services.sync_mailbox(mailbox, **options).pk)

    return run
