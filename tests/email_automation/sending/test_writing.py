"""What leaves is what was meant: to exactly its recipients, with no header that somebody smuggled in, in any script."""

from email import message_from_bytes, policy
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from email_automation import services
from email_automation.models import Author, MailKind, MailStatus, Message, OutgoingMail, Sender
from email_automation.sending import writing
from email_automation.sending.letters import File, Letter
from email_automation.sending.outbox import write
from email_automation.sending.recipients import BadMailError
from jobs.models import Job, JobStatus
from jobs.testing import run_job
from tests.servers.smtp import Server

pytestmark = pytest.mark.django_db

TO = "jane@company.com"
OURS = {"from", "to", "subject", "date", "message-id", "x-fikiri-mail", "mime-version"}
OURS |= {"content-type", "content-transfer-encoding"}


def sent(server: Server, to: Any = TO, **more: Any) -> Any:
    assert run_job(services.send_email(to, **{"subject": "Hi", "body": "x", **more})).status == JobStatus.COMPLETED
    return server.mails[-1]


@given(subject=st.text(max_size=200), body=st.text(max_size=500))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_becomes_a_header_or_an_end(subject: str, body: str) -> None:
    try:
        mail = write(Letter(to=TO, subject=subject, body=body), MailStatus.QUEUED)
    except BadMailError:
        return
    read = message_from_bytes(writing.raw(writing.compose(mail)), policy=policy.default)
    assert {name.lower() for name in read} == OURS
    assert read["To"] == TO
    assert read["Subject"].split() == subject.split()
    assert read.get_content().split() == body.split()


@pytest.mark.parametrize("body", [".", "..", ".\r\nQUIT\r\n", "a\n.\nMAIL FROM:<eve@evil.com>\n", "\r.\r", "x" * 5_000])
def test_a_line_that_is_a_dot_ends_nothing(mail_server: Server, body: str) -> None:
    assert sent(mail_server, body=body).get_content().split() == body.split()
    assert len(mail_server.taken) == 1


@pytest.mark.parametrize("subject", ["%0aBcc: eve@evil.com", 'a, "b" <eve@evil.com>;'])
def test_tricks_in_a_subject_stay_in_it(mail_server: Server, subject: str) -> None:
    assert sent(mail_server, subject=subject)["Bcc"] is None
    assert mail_server.taken[0]["to"] == [TO]


def test_a_line_break_in_disguise_is_refused(mail_server: Server) -> None:
    job = run_job(services.send_email(TO, "=?utf-8?q?a=0ABcc:_eve@evil.com?=", "x"))
    assert (job.status, mail_server.taken) == (JobStatus.FAILED, [])


def test_an_international_domain_goes_as_servers_know_it(mail_server: Server) -> None:
    assert sent(mail_server, "jürgen@müller.de".replace("ü", "u", 1))["To"] == "jurgen@xn--mller-kva.de"
    assert mail_server.taken[0]["to"] == ["jurgen@xn--mller-kva.de"]
    assert OutgoingMail.objects.get().delivered == ["jurgen@müller.de"]


def test_letters_before_the_at_need_a_server_that_takes_them(mail_server: Server) -> None:
    job = run_job(services.send_email("jürgen@muller.de", "Hi", "x"))
    assert (job.status, mail_server.taken) == (JobStatus.FAILED, [])
    assert "SMTPUTF8" in OutgoingMail.objects.get().reason
    mail_server.offers.append("SMTPUTF8")
    sent(mail_server, "jürgen@muller.de")
    assert mail_server.taken[0]["to"] == ["jürgen@muller.de"]


def test_a_text_is_made_of_the_html_and_both_go(mail_server: Server) -> None:
    mail = sent(mail_server, body="", html="<p>Ten <b>pounds</b></p><script>alert(1)</script>")
    assert mail.get_content_type() == "multipart/alternative"
    assert mail.get_body(("plain",)).get_content().strip() == "Ten pounds"


@pytest.mark.parametrize(
    ("file", "name", "kind"),
    [
        (File("Angebot für Sie.pdf", b"%PDF", "application/pdf"), "Angebot für Sie.pdf", "application/pdf"),
        (File("mail.eml", b"From: a@b.c\n\nx", "message/rfc822"), "mail.eml", "application/octet-stream"),
        (File("a.txt", b"\r.\r\n\x00", "text/plain"), "a.txt", "text/plain"),
    ],
)
def test_a_file_arrives_as_it_was(mail_server: Server, file: File, name: str, kind: str) -> None:
    [got] = list(sent(mail_server, files=[file]).iter_attachments())
    assert (got.get_filename(), got.get_content_type(), got.get_payload(decode=True)) == (name, kind, file.content)


def test_whom_it_comes_from_is_fixed_for_its_user(mail_server: Server, user: User) -> None:
    Sender.objects.create(user=user, name="Shop, Ltd", address="shop@company.com")
    assert sent(mail_server, user_id=user.pk, author=Author.PERSON)["From"] == '"Shop, Ltd" <shop@company.com>'
    assert mail_server.taken[0]["from"] == "shop@company.com"
    assert sent(mail_server, user_id=user.pk)["From"] == "Fikiri <no-reply@fikiri.example>"


def test_a_long_thread_keeps_its_ids_whole(user: User) -> None:
    ids = [f"{'x' * 90}.{number}@company.com" for number in range(30)]
    answered = Message(message_id="last@company.com", references=ids)
    mail = OutgoingMail(pk=1, to=[TO], subject="Re: Hi", body="x", answers=answered, kind=MailKind.REPLY, user=user)
    raw = writing.raw(writing.compose(mail))
    references = message_from_bytes(raw)["References"].split()
    assert references == [f"<{one}>" for one in [*ids, "last@company.com"][-20:]]


def test_too_fast_waits_at_no_cost(mail_server: Server, settings: Settings, user: User) -> None:
    settings.MAIL_USER_RATE = 2
    first = run_job(services.send_email([TO, "bob@company.com"], "Hi", "x", user_id=user.pk))
    second = run_job(services.send_email(TO, "Hi", "x", user_id=user.pk))
    assert (first.status, second.status, second.failures) == (JobStatus.COMPLETED, JobStatus.PENDING, 0)
    assert "MAIL_USER_RATE=2" in Job.objects.get(pk=second.pk).reason
    assert len(mail_server.taken) == 1


def test_a_domains_rate_is_everybodys(mail_server: Server, settings: Settings, user: User, stranger: User) -> None:
    settings.MAIL_DOMAIN_RATE = 1
    assert run_job(services.send_email(TO, "Hi", "x", user_id=user.pk)).status == JobStatus.COMPLETED
    assert run_job(services.send_email("bob@COMPANY.com", "Hi", "x", user_id=stranger.pk)).status == JobStatus.PENDING
    assert run_job(services.send_email("bob@else.com", "Hi", "x", user_id=stranger.pk)).status == JobStatus.COMPLETED
