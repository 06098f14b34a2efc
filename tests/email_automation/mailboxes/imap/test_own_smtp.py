"""With an IMAP account its SMTP server is given, tried with a login at once, and kept only where that worked."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.test.client import MULTIPART_CONTENT
from pytest_django.fixtures import Settings

from email_automation.models import Account as Row
from email_automation.models import Mailbox
from jobs.errors import Refused
from tests.email_automation.certificates import certificate
from tests.email_automation.mailboxes.imap.conftest import Account
from tests.servers import smtp
from tests.servers.dovecot import PASSWORD
from tests.servers.smtp import Break, Server

pytestmark = pytest.mark.django_db
PLACES = {
    "/api/mailboxes/connect/imap": "application/json",
    "/mine/connect/imap": MULTIPART_CONTENT,
    "/admin/email_automation/mailbox/connect-imap/": MULTIPART_CONTENT,
}


@pytest.fixture
def sending(tmp_path: Path, on_mail_devel: Account) -> Iterator[Server]:
    with smtp.serving(tmp_path / "ledger") as server:
        server.login = (on_mail_devel.username, PASSWORD)
        yield server


def refused(account: Account, user: User, **sends: object) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        account.connect(user, **{"smtp_host": "localhost", "smtp_security": "none"} | sends)
    assert not Mailbox.objects.exists()
    return caught.value.field, str(caught.value)


def test_it_is_logged_in_to_and_kept(on_mail_devel: Account, sending: Server, user: User) -> None:
    on_mail_devel.connect(user, smtp_host=" LocalHost. ", smtp_port=sending.port, smtp_security="none")
    row = Row.objects.get()
    assert (row.smtp_host, row.smtp_port, row.smtp_security) == ("localhost", sending.port, "none")
    assert [line[:10] for line in sending.dialogues[0] if line.startswith("AUTH")] == ["AUTH PLAIN"]
    on_mail_devel.connect(user)
    assert Row.objects.get().smtp_host == ""


def test_a_login_that_may_not_send_is_told(on_mail_devel: Account, sending: Server, user: User) -> None:
    sending.login = ("somebody", "else")
    field, said = refused(on_mail_devel, user, smtp_port=sending.port)
    assert field == "smtp_host"
    assert said.startswith("localhost: the mail server refuses the login (5.7.8 wrong password). Reading works")


@pytest.mark.parametrize(
    ("phase", "how", "field", "words"),
    [
        ("banner", "drop", "smtp_host", "does not answer"),
        ("banner", "554 no", "smtp_host", "refused it (554 no)"),
        ("auth", "454 later", "smtp_host", "says later (454 later). Check its port"),
        ("auth", "334 abcde", "smtp_host", "does not answer"),
    ],
)
def test_a_server_that_does_not_let_in_is_told(
    on_mail_devel: Account, sending: Server, user: User, phase: str, how: str, field: str, words: str
) -> None:
    sending.breaks.append(Break(phase, how))
    told = refused(on_mail_devel, user, smtp_port=sending.port)
    assert (told[0], words in told[1]) == (field, True)


def test_what_it_does_not_offer_is_told(on_mail_devel: Account, sending: Server, user: User, tmp_path: Path) -> None:
    given = {"smtp_port": sending.port, "smtp_security": "starttls"}
    field, said = refused(on_mail_devel, user, **given)
    assert (field, "does not offer" in said, "usually port 587" in said) == ("smtp_security", True, True)
    _, sending.tls = certificate(tmp_path)
    field, said = refused(on_mail_devel, user, **given)
    assert (field, "certificate is not to be trusted" in said) == ("smtp_security", True)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"smtp_host": "https://smtp.example.com/"}, "smtp_host"),
        ({"smtp_host": "nobody.invalid"}, "smtp_host"),
        ({"smtp_port": 0}, "smtp_port"),
        ({"smtp_security": "ssl"}, "smtp_security"),
        ({"address": "me@localhost@"}, "address"),
    ],
)
def test_what_does_not_fit_is_named(on_mail_devel: Account, user: User, wrong: dict[str, object], field: str) -> None:
    assert refused(on_mail_devel, user, **wrong)[0] == field


def test_a_private_place_is_refused(
    on_mail_devel: Account, sending: Server, user: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the account itself may be where only we can reach it."""
    connect = on_mail_devel.connect
    monkeypatch.setattr("email_automation.services.imap._try", lambda *_: None)
    settings.MAIL_PRIVATE_HOSTS = False
    with pytest.raises(Refused, match="private network") as caught:
        connect(user, smtp_host="localhost", smtp_port=sending.port)
    assert (caught.value.field, sending.dialogues) == ("smtp_host", [])


@pytest.mark.parametrize("place", PLACES)
def test_it_is_given_wherever_mailboxes_are_connected(
    on_mail_devel: Account, sending: Server, admin_client: Client, place: str
) -> None:
    login = {"host": "localhost", "port": on_mail_devel.port, "security": "none", "username": on_mail_devel.username}
    sends = {"smtp_host": "localhost", "smtp_port": sending.port, "smtp_security": "none"}
    given = login | sends | {"password": PASSWORD}
    sending.breaks.append(Break("auth", "535 no"))
    said = admin_client.post(place, given, content_type=PLACES[place]).content.decode()
    assert "Reading works with it" in said
    admin_client.post(place, given, content_type=PLACES[place])
    assert Row.objects.get().smtp_port == sending.port
    if "api" not in place:
        again = admin_client.get(place, {"mailbox": Mailbox.objects.get().pk}).content.decode()
        assert f'value="{sending.port}"' in again


def test_a_mailbox_says_through_what_it_sends(
    on_mail_devel: Account, sending: Server, user: User, client: Client, admin_client: Client
) -> None:
    mailbox = on_mail_devel.connect(user, smtp_host="localhost", smtp_port=sending.port, smtp_security="none")
    client.force_login(user)
    assert client.get(f"/api/mailboxes/{mailbox.pk}").json()["data"]["sends_through"] == f"localhost:{sending.port}"
    page = admin_client.get(f"/admin/email_automation/mailbox/{mailbox.pk}/change/").content.decode()
    assert f"localhost:{sending.port}" in page


def test_the_command_takes_it(
    on_mail_devel: Account, sending: Server, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAP_PASSWORD", PASSWORD)
    login = ("--host=localhost", f"--username={on_mail_devel.username}", "--security=none")
    sends = ("--smtp-host=localhost", f"--smtp-port={sending.port}", "--smtp-security=none")
    call_command(
        "connect_imap", f"--user={user.username}", *login, f"--port={on_mail_devel.port}", *sends, stdout=io.StringIO()
    )
    assert Row.objects.get().smtp_host == "localhost"
