"""A login is tried before it is kept, over TLS with a certificate that is looked at, and to no private place."""

import io
import socket
from ipaddress import ip_address

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from email_automation import services
from email_automation.mailboxes.imap import HostRefusedError, ServerTroubleError, connection, hosts
from email_automation.models import Account as Row
from email_automation.models import AccountState, Mailbox, Message
from jobs.errors import Refused
from jobs.models import JobStatus
from jobs.testing import run_job
from tests.email_automation.mailboxes.imap.conftest import Account, Sync
from tests.email_automation.mailboxes.imap.test_reading import mail
from tests.servers.dovecot import PASSWORD, Dovecot

pytestmark = pytest.mark.django_db


def refused(user: User, **login: object) -> Refused:
    defaults = {"host": "localhost", "username": "ann@fikiri.example", "password": PASSWORD}
    with pytest.raises(Refused) as caught:
        services.connect_imap(user, **defaults | login)  # type: ignore[arg-type]
    assert not Mailbox.objects.exists()
    return caught.value


@pytest.mark.slow
def test_tls_and_starttls_reach_the_same_account(
    on_dovecot: Account, dovecot_server: Dovecot, user: User, sync: Sync
) -> None:
    on_dovecot.has(mail("one"))
    for security, port in (("tls", dovecot_server.tls_port), ("starttls", dovecot_server.port)):
        on_dovecot.security, on_dovecot.port = security, port
        sync(on_dovecot.connect(user))
    assert Message.objects.count() == Mailbox.objects.count() == 2


@pytest.mark.slow
def test_a_certificate_that_nobody_vouches_for_is_refused(
    on_dovecot: Account, dovecot_server: Dovecot, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    for security, port in (("tls", dovecot_server.tls_port), ("starttls", dovecot_server.port)):
        error = refused(user, port=port, security=security)
        assert "certificate of localhost is not valid" in str(error)
        assert error.field == "security"


@pytest.mark.slow
def test_a_certificate_for_another_host_is_refused(
    on_dovecot: Account, dovecot_server: Dovecot, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "resolve", lambda host, private: ip_address("127.0.0.1"))
    error = refused(user, host="imap.elsewhere.example", port=dovecot_server.tls_port)
    assert "Hostname mismatch" in str(error)


@pytest.mark.slow
def test_a_wrong_password_is_told_and_nothing_is_kept(on_dovecot: Account, user: User) -> None:
    error = refused(user, port=on_dovecot.port, password="wrong")
    assert (error.field, str(error)) == ("password", "localhost refused the login of ann@fikiri.example.")


@pytest.mark.slow
def test_the_wrong_port_for_tls_is_told(dovecot_server: Dovecot, user: User) -> None:
    assert "does not speak TLS" in str(refused(user, port=dovecot_server.port))


@pytest.mark.slow
def test_a_password_of_any_letters_is_sent(dovecot_server: Dovecot, on_dovecot: Account, user: User) -> None:
    assert "refused the login" in str(refused(user, port=on_dovecot.port, password="Pässwörter 密码"))


def test_a_server_without_starttls_is_not_spoken_to(on_mail_devel: Account, user: User) -> None:
    error = refused(user, port=on_mail_devel.port, security="starttls")
    assert (error.field, str(error).partition(" on ")[0]) == ("security", "localhost offers no STARTTLS")


def test_nobody_at_the_port_is_told(user: User) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = refused(user, port=taken.getsockname()[1], security="none")
    assert (error.field, str(error).partition(":")[0]) == ("host", "The connection to localhost failed")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"host": ""}, "host"),
        ({"host": "https://imap.example.com/"}, "host"),
        ({"host": "user@imap.example.com"}, "host"),
        ({"host": "x" * 300}, "host"),
        ({"host": "no\0host"}, "host"),
        ({"host": "nobody.invalid"}, "host"),
        ({"username": ""}, "username"),
        ({"username": "a\r\nb LOGOUT"}, "username"),
        ({"password": ""}, "password"),
        ({"password": "a\r\nb LOGOUT"}, "password"),
        ({"port": 0}, "port"),
        ({"port": 70000}, "port"),
        ({"security": "ssl"}, "security"),
        ({"only_folders": ["x"] * 101}, "only_folders"),
    ],
)
def test_what_does_not_fit_is_named(
    user: User, wrong: dict[str, object], field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert refused(user, **wrong).field == field


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.0.0.5",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "ff02::1",
    ],
)
def test_private_places_are_refused_by_whatever_name(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(0, 0, 0, "", ("8.8.8.8", 0)), (0, 0, 0, "", (address, 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(HostRefusedError, match="private network"):
        hosts.resolve("rebound.example", private=False)
    assert hosts.resolve("rebound.example", private=True) == ip_address("8.8.8.8")


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "0"])
def test_other_ways_to_write_loopback_are_loopback(host: str) -> None:
    with pytest.raises(HostRefusedError):
        hosts.resolve(host, private=False)


def test_a_public_address_is_connected_to_as_it_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that means something else a moment later is not asked again."""
    answers = iter([[(0, 0, 0, "", ("93.184.216.34", 0))], [(0, 0, 0, "", ("127.0.0.1", 0))]])
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: next(answers))
    reached: list[tuple[str, int]] = []

    def connect(place: tuple[str, int], timeout: float) -> socket.socket:
        reached.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    login = connection.Login("imap.rebinding.example", "ann", password="secret")
    with pytest.raises(ServerTroubleError), connection.connected(login):
        pass
    assert reached == [("93.184.216.34", 993)]


def test_where_private_hosts_are_not_allowed_none_is_connected(
    on_mail_devel: Account, user: User, settings: Settings
) -> None:
    settings.MAIL_PRIVATE_HOSTS = False
    assert "private network" in str(refused(user, port=on_mail_devel.port, security="none"))


def test_without_tls_only_this_machine_is_spoken_to(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "resolve", lambda host, private: ip_address("93.184.216.34"))
    error = refused(user, security="none")
    assert (error.field, str(error).partition(".")[0]) == (
        "security",
        "Without TLS only a server on this machine is spoken to",
    )


def test_the_command_reads_the_password_from_standard_input(
    on_mail_devel: Account, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    out = io.StringIO()
    login = ("--host=localhost", f"--username={on_mail_devel.username}", "--security=none")
    call_command("connect_imap", f"--user={user.username}", *login, f"--port={on_mail_devel.port}", stdout=out)
    mailbox = Mailbox.objects.get()
    assert (mailbox.kind, Row.objects.get().address) == ("imap", on_mail_devel.username)
    assert out.getvalue().startswith(f"Connected as mailbox {mailbox.pk}.")
    assert PASSWORD not in out.getvalue()


def test_the_command_takes_the_password_from_the_environment_and_tells_what_is_wrong(
    on_mail_devel: Account, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAP_PASSWORD", "wrong")
    login = ("--host=localhost", "--username=x@fikiri.example", f"--port={on_mail_devel.port}", "--security=none")
    with pytest.raises(CommandError, match=r"refused the login") as caught:
        call_command("connect_imap", f"--user={user.username}", *login)
    assert caught.value.returncode == 2
    with pytest.raises(CommandError, match="no user nobody"):
        call_command("connect_imap", "--user=nobody", *login)


def test_a_login_that_is_refused_later_holds_the_jobs_of_its_mailbox_until_it_is_connected_again(
    on_mail_devel: Account, user: User
) -> None:
    on_mail_devel.has(mail("one"))
    mailbox = on_mail_devel.connect(user)
    row = Row.objects.get(mailbox=mailbox)
    row.password = "changed since"
    row.save()
    job = run_job(services.sync_mailbox(mailbox))
    assert job.held.hold_id == row.hold
    row.refresh_from_db()
    assert (row.state, row.reason) == (
        AccountState.NEEDS_REAUTH,
        f"localhost refused the login of {on_mail_devel.username}.",
    )
    on_mail_devel.connect(user)
    assert run_job(job).status == JobStatus.COMPLETED
    assert Message.objects.count() == 1


def test_the_password_is_nowhere_to_be_read(on_mail_devel: Account, user: User) -> None:
    row = Row.objects.get(mailbox=on_mail_devel.connect(user))
    assert PASSWORD not in f"{row} {row!r} {row.password} {row.__dict__}"
    login = connection.Login("h", "u", password=PASSWORD, token=PASSWORD)
    assert PASSWORD not in f"{login}"
