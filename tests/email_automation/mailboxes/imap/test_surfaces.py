"""An account is connected over REST and in the admin, and the password comes back nowhere."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from email_automation.models import Mailbox
from tests.email_automation.mailboxes.imap.conftest import Account
from tests.servers.dovecot import PASSWORD

pytestmark = pytest.mark.django_db
API = "/api/mailboxes/connect/imap"
ADMIN = "/admin/email_automation/mailbox/connect-imap/"


def login(account: Account, **changed: object) -> dict[str, object]:
    usual = {"host": "localhost", "port": account.port, "security": "none", "username": account.username}
    return usual | {"password": PASSWORD} | changed


@pytest.fixture
def own(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def test_over_rest(on_mail_devel: Account, own: Client, user: User) -> None:
    answer = own.post(API, login(on_mail_devel, without_folders=["Old"]), content_type="application/json")
    mailbox = Mailbox.objects.get()
    assert (answer.status_code, mailbox.user, mailbox.without_folders) == (200, user, ["Old"])
    assert answer.json()["data"]["mailbox"]["account"] == "connected"
    assert PASSWORD not in answer.content.decode()
    assert mailbox.is_own(on_mail_devel.username)


def test_over_rest_a_refused_login_names_the_field(on_mail_devel: Account, own: Client) -> None:
    answer = own.post(API, login(on_mail_devel, password="wrong"), content_type="application/json")
    assert (answer.status_code, answer.json()["field"]) == (400, "password")
    assert own.post(API, {"host": "x"}, content_type="application/json").status_code == 400
    assert not Mailbox.objects.exists()


def test_over_rest_nobody_is_let_in_without_a_login(client: Client) -> None:
    assert client.post(API, {}, content_type="application/json").status_code == 401


def test_in_the_admin(on_mail_devel: Account, admin_client: Client) -> None:
    assert "Log in and connect" in admin_client.get(ADMIN).content.decode()
    refused = admin_client.post(ADMIN, login(on_mail_devel, password="wrong-one"))
    assert "refused the login" in refused.content.decode()
    assert "wrong-one" not in refused.content.decode()
    answer = admin_client.post(ADMIN, login(on_mail_devel), follow=True)
    mailbox = Mailbox.objects.get()
    assert answer.redirect_chain[-1][0].endswith(f"/mailbox/{mailbox.pk}/change/")
    assert PASSWORD not in answer.content.decode()
    again = admin_client.get(f"{ADMIN}?mailbox={mailbox.pk}").content.decode()
    assert on_mail_devel.username in again
    assert PASSWORD not in again


def test_in_the_admin_only_who_may_add_mailboxes(own: Client, user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=True)
    assert own.get(ADMIN).status_code == 403
