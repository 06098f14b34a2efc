"""A mailbox's own SMTP server: what its user writes leaves through it, with its login and from its address."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from email_automation import services
from email_automation.connecting import accounts
from email_automation.mailers import Later, Rejected, server
from email_automation.models import (
    Account,
    AccountState,
    Author,
    Mailbox,
    MailboxKind,
    MailStatus,
    Message,
    OutgoingMail,
    Provider,
    Security,
)
from jobs import services as job_services
from jobs.models import Job, JobStatus
from jobs.testing import run_job
from tests.email_automation.certificates import certificate
from tests.servers import smtp
from tests.servers.smtp import Break, Server

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("jobs_clock")]

ME, TO, PASSWORD = "me@provider.com", "jane@company.com", "correct-horse"


def mailbox_of(user: User, address: str, **server: object) -> Mailbox:
    place = f"imap://{address}"
    mailbox, _ = Mailbox.objects.get_or_create(user=user, location=place, defaults={"kind": MailboxKind.IMAP})
    login = {"host": "imap.provider.com", "username": address, "password": PASSWORD}
    accounts.keep(mailbox, Provider.IMAP, address, **login, **server)
    return mailbox


def through(port: int, security: str = "none") -> dict[str, object]:
    return {"smtp_host": "localhost", "smtp_port": port, "smtp_security": security}


@pytest.fixture
def own(mail_server: Server, tmp_path: Path, user: User) -> Iterator[Server]:
    """Besides the site's: the server of the user's mailbox, which wants its login."""
    with smtp.serving(tmp_path / "own-ledger") as server:
        server.login = (ME, PASSWORD)
        mailbox_of(user, ME, **through(server.port))
        yield server


def send(user: User, **more: Any) -> Job:
    return run_job(services.send_email(TO, "Offer", "Good day.", user_id=user.pk, **{"author": Author.PERSON} | more))


def row() -> OutgoingMail:
    return OutgoingMail.objects.order_by("-pk")[0]


def test_a_users_mail_leaves_through_it_from_the_mailboxes_address(
    own: Server, mail_server: Server, user: User
) -> None:
    assert send(user).status == JobStatus.COMPLETED
    [taken], [mail] = own.taken, own.mails
    assert (taken["from"], taken["to"], mail["From"], mail["Reply-To"]) == (ME, [TO], ME, None)
    assert (row().mailer, row().from_address, row().mailbox_id) == ("own_smtp", ME, Mailbox.objects.get().pk)
    assert mail_server.taken == []


def test_the_products_own_mail_and_that_of_others_do_not(
    own: Server, mail_server: Server, user: User, stranger: User
) -> None:
    for job in (send(user, author=Author.PRODUCT), send(stranger)):
        assert job.status == JobStatus.COMPLETED
    assert (len(mail_server.taken), own.taken) == (2, [])


def test_what_a_laptop_keeps_to_itself_is_not_sent_through_it_to_reserved_domains(
    own: Server, user: User, settings: Settings
) -> None:
    """The sink takes mail to such domains; a provider is a real server, on a laptop too."""
    settings.EMAIL_SINK = True
    job = run_job(services.send_email("jane@example.com", "Offer", "Hi", user_id=user.pk, author=Author.PERSON))
    assert (job.status, row().status, own.dialogues) == (JobStatus.COMPLETED, MailStatus.SKIPPED, [])
    assert "reserved domain" in row().reason
    assert send(user).status == JobStatus.COMPLETED
    assert len(own.taken) == 1


def test_without_one_mail_goes_as_before(mail_server: Server, user: User) -> None:
    mailbox_of(user, ME)
    assert send(user).status == JobStatus.COMPLETED
    assert (row().mailer, len(mail_server.taken)) == ("smtp", 1)


def test_an_answer_leaves_through_the_server_of_the_mailbox_that_it_answers_in(
    own: Server, user: User, tmp_path: Path
) -> None:
    with smtp.serving(tmp_path / "other-ledger") as other:
        second = mailbox_of(user, "second@elsewhere.com", **through(other.port))
        other.login = ("second@elsewhere.com", PASSWORD)
        message = Message.objects.create(mailbox=second, digest="1" * 64, size=1, from_address=TO, subject="Hello")
        assert run_job(services.reply(message, "Good day.")).status == JobStatus.COMPLETED
        assert [one["from"] for one in other.taken] == ["second@elsewhere.com"]
    assert own.taken == []


@pytest.mark.parametrize(("phase", "how"), [("banner", "554 go away"), ("rcpt", "550 nobody"), ("dot", "554 spam")])
def test_a_no_for_good_is_believed(own: Server, user: User, phase: str, how: str) -> None:
    own.breaks.append(Break(phase, how))
    assert (send(user).status, row().status, own.taken) == (JobStatus.FAILED, MailStatus.FAILED, [])
    assert Account.objects.get().state == AccountState.CONNECTED


@pytest.mark.parametrize(("phase", "how"), [("banner", "drop"), ("auth", "454 later"), ("mail", "421 closing")])
def test_before_the_dot_it_surely_did_not_go_and_goes_later(own: Server, user: User, phase: str, how: str) -> None:
    own.breaks.append(Break(phase, how))
    job = send(user)
    assert (job.status, row().status) == (JobStatus.RETRYING, MailStatus.QUEUED)
    assert (run_job(job).status, len(own.taken)) == (JobStatus.COMPLETED, 1)


def test_after_the_dot_without_an_answer_it_is_in_doubt_and_not_sent_again(own: Server, user: User) -> None:
    own.breaks.append(Break("dot", "drop"))
    assert run_job(send(user)).status == JobStatus.IN_DOUBT
    assert (row().status, len(own.taken)) == (MailStatus.IN_DOUBT, 1)


def test_a_refused_login_fails_its_mail_and_parks_the_mailbox_until_it_is_connected_again(
    own: Server, user: User
) -> None:
    own.login = (ME, "changed since")
    first, second = send(user), send(user)
    assert (first.status, row().status) == (JobStatus.FAILED, MailStatus.QUEUED)
    assert "Connect its mailbox again" in first.error
    account = Account.objects.get()
    assert (account.state, account.reason) == (
        AccountState.NEEDS_REAUTH,
        "localhost refuses its login for sending.",
    )
    assert account.told_at is not None
    assert second.held.hold_id == account.hold
    own.login = (ME, PASSWORD)
    mailbox_of(user, ME, **through(own.port))
    job_services.retry(first.pk)
    assert [run_job(job).status for job in (first, second)] == [JobStatus.COMPLETED] * 2
    assert len(own.taken) == 2


def test_what_was_meant_for_it_goes_no_other_way(own: Server, mail_server: Server, user: User) -> None:
    own.breaks.append(Break("banner", "drop"))
    job = send(user)
    mailbox_of(user, ME)
    assert run_job(job).status == JobStatus.FAILED
    assert "no SMTP server of its own any more" in row().reason
    Mailbox.objects.all().delete()
    job_services.retry(job.pk)
    assert run_job(job).status == JobStatus.FAILED
    assert ("is gone" in row().reason, own.taken, mail_server.taken) == (True, [], [])


def test_a_place_that_became_private_is_not_gone_to(own: Server, user: User, settings: Settings) -> None:
    settings.MAIL_PRIVATE_HOSTS = False
    assert send(user).status == JobStatus.FAILED
    assert ("private network" in row().reason, own.dialogues) == (True, [])


def test_a_password_of_any_letters_is_sent(own: Server, user: User) -> None:
    own.login = (ME, "Pässwörter 密码")
    Account.objects.update(password="Pässwörter 密码")
    assert send(user).status == JobStatus.COMPLETED
    own.login = (ME, "another")
    assert send(user).status == JobStatus.FAILED


class Taking:
    """What a server that nobody here wrote was given."""

    def __init__(self) -> None:
        self.senders: list[str | None] = []
        self.logins: list[object] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.senders.append(envelope.mail_from)
        return "250 taken"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        self.logins.append(data)
        return AuthResult(success=data == LoginPassword(ME.encode(), PASSWORD.encode()))


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_mail_goes_encrypted_to_a_server_that_nobody_here_wrote(
    mail_server: Server, user: User, security: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, context = certificate(tmp_path)
    taking = Taking()
    with listening(taking, security, context) as port:
        mailbox_of(user, ME, **through(port, security))
        assert send(user).status == JobStatus.FAILED
        assert "certificate is not to be trusted" in row().reason
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        assert send(user).status == JobStatus.COMPLETED
    assert (taking.senders, len(taking.logins)) == ([ME], 1)


class OnAnyPort(Controller):
    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def listening(taking: Taking, security: str, context: ssl.SSLContext) -> Iterator[int]:
    options: dict[str, Any] = {"tls_context": context, "require_starttls": True, "auth_required": True}
    if security == "tls":  # below it aiosmtpd does not see that it is there
        options = {"ssl_context": context, "auth_require_tls": False}
    controller = OnAnyPort(taking, "127.0.0.1", 0, authenticator=taking.authenticate, **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def test_a_server_that_drips_is_hung_up_on(own: Server, settings: Settings) -> None:
    settings.EMAIL_TIMEOUT = 60
    own.breaks.append(Break("banner", "hang"))
    slow = server.Server("localhost", own.port, Security.NONE)
    with pytest.raises(Later, match="does not answer"), server.logged_in(slow, 0.2):
        pass


@pytest.mark.parametrize("how", ["250-x\r\n" * 20_000 + "250 x", "250 AUTH PLAIN\r\n" + "y" * 100_000])
def test_an_answer_without_end_is_not_kept(own: Server, how: str) -> None:
    own.breaks.append(Break("ehlo", how))
    endless = server.Server("localhost", own.port, Security.NONE, ME, PASSWORD)
    with pytest.raises((Later, Rejected)), server.logged_in(endless, 30):
        pass
