"""Mail goes out once, to whom it may, and not while a switch says stop."""

import smtplib
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail as django_mail
from django.core.mail.backends.locmem import EmailBackend
from pytest_django.fixtures import Settings

from email_automation import recipients, services, tasks
from email_automation.models import MailStatus, OutgoingMail
from email_automation.recipients import BadMailError
from jobs import services as job_services
from jobs.models import Effect, EffectStatus, Job, JobStatus
from jobs.queues import email_queue, send_email_async
from jobs.testing import crash, drain, run_job

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("jobs_clock")]

TO = "jane@company.com"


class Server:
    """A mail server that answers as it is told to."""

    def __init__(self) -> None:
        self.on_connect: list[Exception] = []
        self.on_send: list[Exception] = []


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    deliver = EmailBackend.send_messages

    def send(backend: EmailBackend, messages: Any) -> int:
        sent: int = deliver(backend, messages)
        if server.on_send:
            raise server.on_send.pop()
        return sent

    def connect(_: EmailBackend) -> None:
        if server.on_connect:
            raise server.on_connect.pop()

    monkeypatch.setattr(EmailBackend, "send_messages", send)
    monkeypatch.setattr(EmailBackend, "open", connect)
    return server


@pytest.fixture(autouse=True)
def real_mailer(settings: Settings) -> Iterator[None]:
    settings.EMAIL_SINK = False
    yield
    django_mail.outbox.clear()


def test_a_mail_is_sent_and_has_a_row(server: Server, user: User) -> None:
    job = run_job(services.send_email(TO, "Welcome", "Hello!", user_id=user.pk))
    (sent,) = django_mail.outbox
    row = OutgoingMail.objects.get()
    assert (job.status, row.status, row.user, row.job_id) == (JobStatus.COMPLETED, MailStatus.SENT, user, job.pk)
    assert (sent.to, sent.subject, sent.body) == ([TO], "Welcome", "Hello!")
    assert sent.extra_headers["Message-ID"] == f"<{row.message_id}>"
    assert sent.from_email == "Fikiri <no-reply@fikiri.example>"


def test_its_result_is_what_callers_of_the_old_platform_know(server: Server) -> None:
    job_id = send_email_async(to=TO, subject="Welcome", body="Hello!")
    run_job(Job.objects.get())
    assert email_queue.get_job_result(job_id) == {
        "success": True,
        "message_id": OutgoingMail.objects.get().message_id,
        "sent_to": TO,
    }


def test_called_as_a_plain_function_it_just_sends(server: Server) -> None:
    assert tasks.send_email(TO, "Welcome", "Hello!")["sent_to"] == TO
    assert (len(django_mail.outbox), Job.objects.count()) == (1, 0)


@pytest.mark.parametrize(
    "address",
    [
        "a@example.com",
        "a@mail.example.org",
        "a@EXAMPLE.net",
        "a@shop.example",
        "a@b.test",
        "a@x.invalid",
        "a@localhost",
    ],
)
def test_reserved_domains_never_reach_a_mailer(server: Server, address: str) -> None:
    job_id = send_email_async(to=address, subject="Welcome", body="Hello!")
    assert run_job(Job.objects.get()).status == JobStatus.COMPLETED
    assert email_queue.get_job_result(job_id)["skipped"] == "reserved domain: nobody has mail there"
    assert (django_mail.outbox, OutgoingMail.objects.get().status) == ([], MailStatus.SKIPPED)


def test_a_laptops_own_sink_takes_reserved_domains(server: Server, settings: Settings) -> None:
    settings.EMAIL_SINK = True
    run_job(services.send_email("a@example.com", "Welcome", "Hello!"))
    assert OutgoingMail.objects.get().status == MailStatus.SENT


@pytest.mark.parametrize(
    ("to", "subject", "body", "field"),
    [
        ("not an address", "s", "b", "to"),
        ("a@nodot", "s", "b", "to"),
        ("a@b.com\nBcc: c@d.com", "s", "b", "to"),
        ("a@b.com, c@d.com", "s", "b", "to"),
        ("Jane <a@b.com>", "s", "b", "to"),
        ([], "s", "b", "to"),
        ([f"a{number}@b.com" for number in range(51)], "s", "b", "to"),
        (TO, "s\nBcc: c@d.com", "b", "subject"),
        (TO, "s\u2028Bcc: c@d.com", "b", "subject"),
        (TO, "", "b", "subject"),
        (TO, "x" * 501, "b", "subject"),
        (TO, "s", "b\0", "body"),
        (TO, "s", "\ud800", "body"),
    ],
)
def test_what_cannot_be_sent_is_refused_at_once_naming_the_field(to: Any, subject: str, body: str, field: str) -> None:
    with pytest.raises(BadMailError) as refused:
        services.send_email(to, subject, body)
    assert refused.value.field == field
    assert not Job.objects.exists()


def test_what_the_platform_did_not_see_fails_in_the_job_for_good(server: Server) -> None:
    send_email_async(to=TO, subject="s\r\nBcc: c@d.com", body="b")
    job = run_job(Job.objects.get())
    assert (job.status, django_mail.outbox) == (JobStatus.FAILED, [])
    assert "one line" in job.error


def test_several_recipients_get_one_mail(server: Server) -> None:
    run_job(services.send_email([TO, "bob@company.com", TO], "Welcome", "Hello!"))
    assert django_mail.outbox[0].to == [TO, "bob@company.com"]


@pytest.mark.parametrize("whose", ["all", "user"])
def test_a_kill_switch_stops_mail_and_it_can_be_sent_later(server: Server, user: User, whose: str) -> None:
    user_id = None if whose == "all" else user.pk
    services.stop_sending(reason="an incident", user_id=user_id)
    job = run_job(services.send_email(TO, "Welcome", "Hello!", user_id=user.pk))
    assert (job.status, django_mail.outbox) == (JobStatus.FAILED, [])
    assert "sending is stopped" in OutgoingMail.objects.get().reason
    services.stop_sending(False, user_id=user_id)
    job_services.retry(job.pk)
    assert run_job(job).status == JobStatus.COMPLETED
    assert len(django_mail.outbox) == 1


def test_the_kill_switch_of_the_environment_stops_mail(server: Server, settings: Settings) -> None:
    settings.MAIL_KILL_SWITCH = True
    assert run_job(services.send_email(TO, "Welcome", "Hello!")).status == JobStatus.FAILED
    assert django_mail.outbox == []


def test_another_users_kill_switch_stops_nothing(server: Server, user: User, stranger: User) -> None:
    services.stop_sending(user_id=stranger.pk)
    assert run_job(services.send_email(TO, "Welcome", "Hello!", user_id=user.pk)).status == JobStatus.COMPLETED


def test_a_server_that_does_not_answer_is_tried_again(server: Server) -> None:
    server.on_connect = [ConnectionRefusedError()]
    job = run_job(services.send_email(TO, "Welcome", "Hello!"))
    assert (job.status, job.failures, django_mail.outbox) == (JobStatus.RETRYING, 1, [])
    assert run_job(job).status == JobStatus.COMPLETED
    assert len(django_mail.outbox) == 1
    assert OutgoingMail.objects.count() == 1


def test_a_server_that_refuses_for_now_is_tried_again(server: Server) -> None:
    server.on_send = [smtplib.SMTPDataError(451, b"later")]
    job = run_job(services.send_email(TO, "Welcome", "Hello!"))
    assert (job.status, OutgoingMail.objects.get().status) == (JobStatus.RETRYING, MailStatus.QUEUED)
    assert run_job(job).status == JobStatus.COMPLETED


@pytest.mark.parametrize(
    "no",
    [
        smtplib.SMTPRecipientsRefused({TO: (550, b"nobody here")}),
        smtplib.SMTPSenderRefused(553, b"not you", "x"),
        smtplib.SMTPDataError(554, b"spam"),
    ],
)
def test_a_server_that_refuses_for_good_is_believed(server: Server, no: Exception) -> None:
    server.on_send = [no]
    job = run_job(services.send_email(TO, "Welcome", "Hello!"))
    assert (job.status, OutgoingMail.objects.get().status) == (JobStatus.FAILED, MailStatus.FAILED)


def test_a_server_that_went_away_over_it_leaves_it_in_doubt(server: Server) -> None:
    server.on_send = [smtplib.SMTPServerDisconnected()]
    job = run_job(services.send_email(TO, "Welcome", "Hello!"))
    assert run_job(job).status == JobStatus.IN_DOUBT
    assert len(django_mail.outbox) == 1


@pytest.mark.parametrize(("happened", "mails"), [(True, 1), (False, 2)])
def test_a_person_resolves_the_doubt(server: Server, happened: bool, mails: int) -> None:
    server.on_send = [smtplib.SMTPServerDisconnected()]
    job = run_job(run_job(services.send_email(TO, "Welcome", "Hello!")))
    job_services.resolve(Effect.objects.get().pk, happened=happened, by="ada", reason="asked the customer")
    assert run_job(job).status == JobStatus.COMPLETED
    assert (len(django_mail.outbox), OutgoingMail.objects.get().status) == (mails, MailStatus.SENT)


def test_an_attempt_that_died_before_it_handed_the_mail_over_leaves_no_doubt(server: Server) -> None:
    server.on_connect = [MemoryError()]
    job = run_job(services.send_email(TO, "Welcome", "Hello!"))
    assert Effect.objects.get().status == EffectStatus.ATTEMPTING
    assert run_job(job).status == JobStatus.COMPLETED
    assert len(django_mail.outbox) == 1


def test_an_attempt_that_died_over_it_leaves_it_in_doubt(server: Server) -> None:
    server.on_send = [MemoryError()]
    job = run_job(services.send_email(TO, "Welcome", "Hello!"))
    assert run_job(job).status == JobStatus.IN_DOUBT
    assert len(django_mail.outbox) == 1


@pytest.mark.parametrize(
    ("at", "status"),
    [("after claim", "completed"), ("after effect", "in_doubt"), ("before settle", "completed")],
)
def test_a_mail_goes_once_wherever_its_process_dies(server: Server, at: str, status: str) -> None:
    job = services.send_email(TO, "Welcome", "Hello!")
    with crash(at):
        drain(check=False)
    job.refresh_from_db()
    assert (job.status, len(django_mail.outbox)) == (status, 1)


@pytest.mark.parametrize("address", ["a@example.com", "b@mail.example", "c@localhost", "d@deep.sub.test"])
def test_reserved_domains_are_known(address: str) -> None:
    assert recipients.is_reserved(address)


@pytest.mark.parametrize("address", ["a@example.co", "b@myexample.com", "c@test.com", "d@fikiri.io"])
def test_other_domains_are_not_reserved(address: str) -> None:
    assert not recipients.is_reserved(address)
