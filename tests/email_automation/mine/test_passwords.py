"""A forgotten password is chosen anew by a link in a mail, which nobody but its reader gets to see."""

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from email_automation.models import OutgoingMail
from jobs import rates
from jobs.models import AuditEntry, Job
from jobs.testing import run_job
from tests.servers.smtp import Server

pytestmark = pytest.mark.django_db
ASK = "/mine/forgotten"
NEW = "a-much-better-one-7"
SITE = "https://fikiri.example"


@pytest.fixture(autouse=True)
def quarter(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One quarter of an hour, in which a test counts by itself."""
    settings.PUBLIC_URL = SITE
    rates._here.clear()
    monkeypatch.setattr("jobs.rates.now", lambda: 1_000_000_200.0)
    yield
    rates._here.clear()


def link_to(user: User, server: Server) -> str:
    """What the mail leads to, once it was asked for and sent."""
    answer = Client().post(ASK, {"email": user.email})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/mine/forgotten/sent")
    job = run_job(Job.objects.latest("created_at"))
    assert job.status == "completed", job.error
    body = server.mails[-1].get_body(("plain",))
    assert body is not None
    found = re.search(rf"{SITE}(/mine/password/\S+)", body.get_content())
    assert found is not None
    return found[1]


def test_a_new_password_is_chosen_by_the_link(user: User, mail_sink: Server) -> None:
    elsewhere = Client()
    elsewhere.force_login(user)
    client = Client()
    page = client.get(link_to(user, mail_sink), follow=True)
    assert "New password" in page.content.decode()
    [(shown, _)] = page.redirect_chain
    assert client.post(shown, {"new_password1": NEW, "new_password2": NEW}).headers["Location"] == "/mine/login"
    assert Client().post("/mine/login", {"username": user.username, "password": NEW}).headers["Location"] == "/mine/"
    assert elsewhere.get("/mine/").status_code == 302
    assert AuditEntry.objects.filter(verb="reset_password", subject=f"user {user.pk}").count() == 1


def test_the_link_opens_once_and_not_when_it_was_changed(user: User, mail_sink: Server) -> None:
    link = link_to(user, mail_sink)
    client = Client()
    shown = client.get(link, follow=True).redirect_chain[0][0]
    client.post(shown, {"new_password1": NEW, "new_password2": NEW})
    for opened in (link, f"{link}0", "/mine/password/MQ.set-password"):
        assert "opens nothing any more" in Client().get(opened, follow=True).content.decode()


def test_a_bad_password_is_told_and_not_kept(user: User, mail_sink: Server) -> None:
    client = Client()
    shown = client.get(link_to(user, mail_sink), follow=True).redirect_chain[0][0]
    answer = client.post(shown, {"new_password1": NEW, "new_password2": "another"})
    assert "match" in answer.content.decode()
    user.refresh_from_db()
    assert user.check_password("secret")


def test_its_token_is_readable_nowhere(user: User, mail_sink: Server, caplog: pytest.LogCaptureFixture) -> None:
    Client().post(ASK, {"email": user.email})
    job, mail = Job.objects.get(), OutgoingMail.objects.get()
    secret = mail.sealed.reveal()
    assert "." in secret
    run_job(job)
    body = mail_sink.mails[0].get_body(("plain",))
    assert body is not None
    assert secret in body.get_content()
    job.refresh_from_db()
    mail.refresh_from_db()
    assert not mail.sealed
    written = f"{vars(job)} {vars(mail)} {caplog.text}"
    assert secret.partition(".")[2] not in written


def test_nobody_learns_who_is_here(user: User, mail_sink: Server) -> None:
    known, unknown = (Client().post(ASK, {"email": one}, follow=True) for one in (user.email, "nobody@elsewhere.com"))
    assert known.content == unknown.content
    assert OutgoingMail.objects.count() == 1


def test_nobody_s_mailbox_is_flooded(user: User, mail_sink: Server) -> None:
    for _ in range(6):
        assert Client().post(ASK, {"email": user.email}).status_code == 302
    assert OutgoingMail.objects.count() == 3


def test_without_an_address_of_the_site_no_link_is_sent(user: User, settings: Settings) -> None:
    settings.PUBLIC_URL = ""
    for answer in (Client().get(ASK), Client().post(ASK, {"email": user.email})):
        assert "No links are sent here" in answer.content.decode()
    assert not OutgoingMail.objects.exists()
