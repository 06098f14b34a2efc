"""Mail goes out once, to whom it may, and not while a switch says stop."""

from typing import Any
from unittest.mock import Mock

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from email_automation import services, tasks
from email_automation.models import MailStatus, OutgoingMail
from email_automation.sending import outgoing, recipients
from email_automation.sending.recipients import BadMailError
from jobs import services as job_services
from jobs.errors import Refused, WrongState
from jobs.models import Effect, EffectStatus, Job, JobStatus
from jobs.queues import email_queue, send_email_async
from jobs.testing import crash, drain, run_job
from tests.servers.smtp import Break, Server

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("jobs_clock")]

TO = "jane@company.com"


def test_a_mail_is_sent_and_has_a_row(mail_server: Server, user: User) -> None:
    job = run_job(services.send_email(TO, "Welcome", "Hello!", user_id=user.pk))
    (sent,) = mail_server.mails
    row = OutgoingMail.objects.get()
    assert (job.status, row.status, row.user, row.job_id) == (JobStatus.COMPLETED, MailStatus.SENT, user, job.pk)
    assert (sent["To"], sent["Subject"], sent.get_content()) == (TO, "Welcome", "Hello!\r\n")
    assert sent["Message-ID"] == f"<{row.message_id}>"
    assert sent["From"] == row.from_address == "Fikiri <no-reply@fikiri.example>"
    assert (row.delivered, row.mailer, row.provider_id) == ([TO], "smtp", "2.0.0 queued as 4F3D")


def test_its_result_is_what_callers_of_the_old_platform_know(mail_server: Server) -> None:
    job_id = send_email_async(to=TO, subject="Welcome", body="Hello!")
    run_job(Job.objects.get())
    assert email_queue.get_job_result(job_id) == {
        "success": True,
        "message_id": OutgoingMail.objects.get().message_id,
        "sent_to": TO,
    }


def test_called_as_a_plain_function_it_just_sends(mail_server: Server) -> None:
    assert tasks.send_email(TO, "Welcome", "Hello!")["sent_to"] == TO
    assert (len(mail_server.taken), Job.objects.count()) == (1, 0)


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
def test_reserved_domains_never_reach_a_mailer(mail_server: Server, address: str) -> None:
    job_id = send_email_async(to=address, subject="Welcome", body="Hello!")
    assert run_job(Job.objects.get()).status == JobStatus.COMPLETED
    assert email_queue.get_job_result(job_id)["skipped"] == "reserved domain: nobody has mail there"
    assert (mail_server.taken, OutgoingMail.objects.get().status) == ([], MailStatus.SKIPPED)


def test_a_laptops_own_sink_takes_reserved_domains(mail_server: Server, settings: Settings) -> None:
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


def test_what_the_platform_did_not_see_fails_in_the_job_for_good(mail_server: Server) -> None:
    send_email_async(to=TO, subject="s\r\nBcc: c@d.com", body="b")
    job = run_job(Job.objects.get())
    assert (job.status, mail_server.taken) == (JobStatus.FAILED, [])
    assert "one line" in job.error


def test_several_recipients_get_one_mail(mail_server: Server) -> None:
    run_job(services.send_email([TO, "bob@company.com", TO], "Welcome", "Hello!"))
    assert mail_server.taken[0]["to"] == [TO, "bob@company.com"]
    assert mail_server.mails[0]["To"] == f"{TO}, bob@company.com"


@pytest.mark.parametrize("whose", ["all", "user"])
def test_a_kill_switch_stops_mail_and_it_can_be_sent_later(mail_server: Server, user: User, whose: str) -> None:
    user_id = None if whose == "all" else user.pk
    services.stop_sending(reason="an incident", user_id=user_id)
    job = run_job(services.send_email(TO, "Welcome", "Hello!", user_id=user.pk))
    assert (job.status, mail_server.taken) == (JobStatus.FAILED, [])
    assert "sending is stopped" in OutgoingMail.objects.get().reason
    services.stop_sending(False, user_id=user_id)
    job_services.retry(job.pk)
    assert run_job(job).status == JobStatus.COMPLETED
    assert len(mail_server.taken) == 1


def test_the_kill_switch_of_the_environment_stops_mail(mail_server: Server, settings: Settings) -> None:
    settings.MAIL_KILL_SWITCH = True
    assert run_job(services.send_email(TO, "Welcome", "Hello!")).status == JobStatus.FAILED
    assert mail_server.taken == []


def test_another_users_kill_switch_stops_nothing(mail_server: Server, user: User, stranger: User) -> None:
    services.stop_sending(user_id=stranger.pk)
    assert run_job(services.send_email(TO, "Welcome", "Hello!", user_id=user.pk)).status == JobStatus.COMPLETED


def test_a_server_that_does_not_answer_is_tried_again(mail_server: Server, settings: Settings) -> None:
    settings.EMAIL_PORT = 1
    job = run_job(services.send_email(TO, "Welcome", "Hello!"))
    assert (job.status, job.failures, mail_server.taken) == (JobStatus.RETRYING, 1, [])
    settings.EMAIL_PORT = mail_server.port
    assert run_job(job).status == JobStatus.COMPLETED
    assert (len(mail_server.taken), OutgoingMail.objects.count()) == (1, 1)


@pytest.mark.parametrize(("happened", "mails"), [(True, 1), (False, 2)])
def test_a_person_resolves_the_doubt(mail_server: Server, user: User, happened: bool, mails: int) -> None:
    mail_server.breaks.append(Break("dot", "drop"))
    job = run_job(run_job(services.send_email(TO, "Welcome", "Hello!")))
    mail = OutgoingMail.objects.get()
    assert (job.status, mail.status) == (JobStatus.IN_DOUBT, MailStatus.IN_DOUBT)
    services.resolve_doubt(mail, user, happened=happened, reason="asked the customer")
    assert run_job(job).status == JobStatus.COMPLETED
    mail.refresh_from_db()
    assert (len(mail_server.taken), mail.status, mail.delivered) == (mails, MailStatus.SENT, [TO])


def test_a_doubt_is_resolved_with_a_reason_and_once(mail_server: Server, user: User) -> None:
    mail_server.breaks.append(Break("dot", "drop"))
    run_job(run_job(services.send_email(TO, "Welcome", "Hello!")))
    mail = OutgoingMail.objects.get()
    with pytest.raises(Refused, match="reason"):
        services.resolve_doubt(mail, user, happened=True, reason=" ")
    services.resolve_doubt(mail, user, happened=True, reason="it is there")
    with pytest.raises(WrongState):
        services.resolve_doubt(mail, user, happened=False, reason="or is it")


@pytest.mark.parametrize(
    ("at", "status"),
    [("after claim", "completed"), ("after effect", "in_doubt"), ("before settle", "completed")],
)
def test_a_mail_goes_once_wherever_its_process_dies(mail_server: Server, at: str, status: str) -> None:
    job = services.send_email(TO, "Welcome", "Hello!")
    with crash(at):
        drain(check=False)
    job.refresh_from_db()
    assert (job.status, len(mail_server.taken)) == (status, 1)


def test_an_attempt_that_died_before_the_dot_leaves_no_doubt(
    mail_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr("email_automation.mailers.dialogue._stuffed", Mock(side_effect=MemoryError))
        job = run_job(services.send_email(TO, "Welcome", "Hello!"))
    assert (Effect.objects.get().status, mail_server.taken) == (EffectStatus.ATTEMPTING, [])
    assert run_job(job).status == JobStatus.COMPLETED
    assert len(mail_server.taken) == 1


def test_a_mail_put_aside_while_its_job_was_at_it_does_not_leave(
    mail_server: Server, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = services.send_email(TO, "Welcome", "Hello!")
    mail = OutgoingMail.objects.get()

    def put_aside(content: bytes) -> bytes:
        assert outgoing.skip(OutgoingMail.objects.get(pk=mail.pk), "on second thoughts")
        return content

    monkeypatch.setattr("email_automation.mailers.dialogue._stuffed", put_aside)
    assert run_job(job).status == JobStatus.CANCELLED
    assert (mail_server.taken, Effect.objects.get().status) == ([], EffectStatus.FAILED)


def test_a_cancel_that_comes_before_the_dot_wins(mail_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    job = services.send_email(TO, "Welcome", "Hello!")

    def cancel(content: bytes) -> bytes:
        job_services.cancel(job.pk)
        return content

    monkeypatch.setattr("email_automation.mailers.dialogue._stuffed", cancel)
    assert run_job(job).status == JobStatus.CANCELLED
    assert (mail_server.taken, Effect.objects.get().status) == ([], EffectStatus.FAILED)


@pytest.mark.parametrize("address", ["a@example.com", "b@mail.example", "c@localhost", "d@deep.sub.test"])
def test_reserved_domains_are_known(address: str) -> None:
    assert recipients.is_reserved(address)


@pytest.mark.parametrize("address", ["a@example.co", "b@myexample.com", "c@test.com", "d@fikiri.io"])
def test_other_domains_are_not_reserved(address: str) -> None:
    assert not recipients.is_reserved(address)
