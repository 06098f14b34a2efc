"""XOAUTH2 as a server speaks it that nobody here wrote: Dovecot, which asks the token server whose a token is."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User

from email_automation import services
from email_automation.connecting import accounts
from email_automation.connecting.scopes import asked
from email_automation.models import Account as Row
from email_automation.models import AccountState, Mailbox, MailboxKind, Message, Provider
from jobs.models import JobStatus
from jobs.testing import run_job
from tests.email_automation.mailboxes.imap.conftest import Account, on_dovecot  # noqa: F401 - on the server below
from tests.email_automation.mailboxes.imap.test_reading import mail
from tests.servers.dovecot import Dovecot, dovecot
from tests.servers.google_tokens import TokenServer

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture(scope="module")
def dovecot_server(token_server: TokenServer) -> Iterator[Dovecot]:
    with dovecot(token_server.url) as server:
        yield server


@pytest.fixture
def mailbox(on_dovecot: Account, google: TokenServer, user: User) -> Mailbox:  # noqa: F811
    on_dovecot.has(mail("one"))
    me = on_dovecot.username
    mailbox = Mailbox.objects.create(user=user, kind=MailboxKind.IMAP, name=me, location=me)
    accounts.keep(
        mailbox, Provider.GMAIL, me, refresh_token=google.grant(me), scopes=list(asked("imap")), host="localhost",
        port=on_dovecot.port, security=on_dovecot.security,
    )  # fmt: skip
    return mailbox


def test_a_token_opens_its_owners_mail(mailbox: Mailbox) -> None:
    assert run_job(services.sync_mailbox(mailbox)).status == JobStatus.COMPLETED
    assert Message.objects.get().subject == "one"


def test_a_token_of_somebody_else_parks_the_mailbox(mailbox: Mailbox, google: TokenServer) -> None:
    google.owners[Row.objects.get().refresh_token.reveal()] = "other@fikiri.example"
    job = run_job(services.sync_mailbox(mailbox))
    row = Row.objects.get()
    assert (row.state, job.held.hold_id) == (AccountState.NEEDS_REAUTH, row.hold)
    assert row.reason == f"localhost refused the login of {row.address}."
    assert not Message.objects.exists()


def test_a_token_that_ended_early_is_replaced(mailbox: Mailbox, google: TokenServer) -> None:
    run_job(services.sync_mailbox(mailbox))
    google.issued.clear()
    assert run_job(services.sync_mailbox(mailbox)).status == JobStatus.COMPLETED
    assert Row.objects.get().state == AccountState.CONNECTED
