"""Where a dialogue with a mail server breaks, decides what becomes of the mail: the same table as in the docs."""

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from email_automation import services
from email_automation.models import MailStatus, OutgoingMail
from email_automation.sending import outgoing
from email_automation.sending.letters import File
from jobs import services as job_services
from jobs.models import Job, JobStatus
from jobs.testing import run_job
from tests.email_automation.certificates import certificate
from tests.servers.smtp import Break, Server

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("jobs_clock")]

TO, OTHER, THIRD = "jane@company.com", "bob@company.com", "eve@elsewhere.com"
BEFORE = ("banner", "ehlo", "mail", "rcpt", "data")  # phases that have a reply, before the mail is on its way


@pytest.fixture(autouse=True)
def impatient(settings: Settings) -> None:
    settings.EMAIL_TIMEOUT = settings.SMTP_ANSWER_TIMEOUT = 0.3


def send(*to: str) -> Job:
    return run_job(services.send_email(list(to or (TO,)), "Welcome", "Hello!"))


def row() -> OutgoingMail:
    return OutgoingMail.objects.get()


@pytest.mark.parametrize("how", ["drop", "hang", "421 closing", "450 later"])
@pytest.mark.parametrize("phase", BEFORE)
def test_before_the_dot_it_surely_did_not_go_and_goes_later(mail_server: Server, phase: str, how: str) -> None:
    mail_server.breaks.append(Break(phase, how))
    job = send()
    assert (job.status, row().status, mail_server.taken) == (JobStatus.RETRYING, MailStatus.QUEUED, [])
    assert run_job(job).status == JobStatus.COMPLETED
    assert (row().status, len(mail_server.taken)) == (MailStatus.SENT, 1)


@pytest.mark.parametrize("how", ["drop", "hang"])
def test_while_the_mail_is_on_its_way_it_surely_did_not_go(mail_server: Server, how: str) -> None:
    mail_server.breaks.append(Break("content", how))
    file = File("big.bin", bytes(12_000_000))  # more than fits into the buffers of a line
    job = run_job(services.send_email(TO, "Welcome", "Hello!", files=[file]))
    assert (job.status, row().status, mail_server.taken) == (JobStatus.RETRYING, MailStatus.QUEUED, [])


def test_a_server_that_hangs_up_before_the_dot_is_noticed_before_the_dot(
    mail_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail that fits into the line's buffers seems to be sent: then nobody could know."""
    hand_over = outgoing.hand_over

    def slowly(mail: OutgoingMail) -> bool:
        mail_server.hung_up.wait(30)
        return hand_over(mail)

    monkeypatch.setattr(outgoing, "hand_over", slowly)
    mail_server.breaks.append(Break("content", "drop"))
    job = send()
    assert (job.status, row().status, mail_server.taken) == (JobStatus.RETRYING, MailStatus.QUEUED, [])
    assert run_job(job).status == JobStatus.COMPLETED
    assert len(mail_server.taken) == 1


@pytest.mark.parametrize("phase", [*BEFORE, "dot"])
def test_a_no_for_good_is_believed(mail_server: Server, phase: str) -> None:
    mail_server.breaks.append(Break(phase, "554 5.7.1 we know you"))
    job = send()
    assert (job.status, row().status, mail_server.taken) == (JobStatus.FAILED, MailStatus.FAILED, [])
    assert "554 5.7.1 we know you" in row().reason


@pytest.mark.parametrize("how", ["421 closing", "452 full"])
def test_a_no_for_now_to_the_whole_mail_is_believed_too(mail_server: Server, how: str) -> None:
    mail_server.breaks.append(Break("dot", how))
    job = send()
    assert (job.status, mail_server.taken) == (JobStatus.RETRYING, [])
    assert run_job(job).status == JobStatus.COMPLETED


@pytest.mark.parametrize("how", ["drop", "hang", "what a nice mail", "150 perhaps"])
def test_after_the_dot_without_an_answer_it_is_in_doubt_and_not_sent_again(mail_server: Server, how: str) -> None:
    mail_server.breaks.append(Break("dot", how))
    job = send()
    assert (job.status, row().status) == (JobStatus.PENDING, MailStatus.SENDING)
    assert run_job(job).status == JobStatus.IN_DOUBT
    assert (row().status, len(mail_server.taken)) == (MailStatus.IN_DOUBT, 1)


@pytest.mark.parametrize("how", ["drop", "hang"])
def test_what_breaks_after_the_answer_changes_nothing(mail_server: Server, how: str) -> None:
    mail_server.breaks.append(Break("taken", how))
    assert send().status == JobStatus.COMPLETED
    assert len(mail_server.taken) == 1


def test_one_recipient_of_three_is_refused_and_the_others_get_it(mail_server: Server) -> None:
    mail_server.breaks.append(Break("rcpt", "550 5.1.1 nobody here", OTHER))
    assert send(TO, OTHER, THIRD).status == JobStatus.COMPLETED
    assert [one["to"] for one in mail_server.taken] == [[TO, THIRD]]
    assert (row().delivered, row().undelivered) == ([TO, THIRD], {OTHER: "refused: 550 5.1.1 nobody here"})
    assert row().reason == "1 of 3 recipients do not get it"


def test_one_recipient_of_three_is_put_off_and_gets_it_later_the_others_once(mail_server: Server) -> None:
    mail_server.breaks.append(Break("rcpt", "450 4.2.0 greylisted", OTHER))
    job = send(TO, OTHER, THIRD)
    assert (job.status, row().status, row().delivered) == (JobStatus.RETRYING, MailStatus.QUEUED, [TO, THIRD])
    assert run_job(job).status == JobStatus.COMPLETED
    assert [one["to"] for one in mail_server.taken] == [[TO, THIRD], [OTHER]]
    assert (row().status, row().delivered) == (MailStatus.SENT, [TO, THIRD, OTHER])


def test_the_one_that_was_put_off_may_be_refused_in_the_end(mail_server: Server) -> None:
    mail_server.breaks += [Break("rcpt", "450 later", OTHER), Break("rcpt", "550 never", OTHER)]
    job = run_job(send(TO, OTHER))
    assert (job.status, row().status, row().delivered) == (JobStatus.FAILED, MailStatus.SENT, [TO])
    assert "550 never" in row().undelivered[OTHER]


def test_a_doubt_about_some_of_the_recipients_says_which_were_refused(mail_server: Server) -> None:
    mail_server.breaks.append(Break("rcpt", "550 nobody", OTHER))
    send(TO, OTHER)
    assert row().undelivered == {OTHER: "refused: 550 nobody"}


def test_when_all_are_refused_none_gets_it_and_a_second_run_asks_again(mail_server: Server) -> None:
    mail_server.breaks.append(Break("rcpt", "550 nobody here"))
    job = send(TO, OTHER)
    assert (job.status, row().status, set(row().undelivered)) == (JobStatus.FAILED, MailStatus.FAILED, {TO, OTHER})
    job_services.retry(job.pk)
    assert run_job(job).status == JobStatus.COMPLETED
    assert (row().delivered, row().undelivered) == ([TO, OTHER], {})


def test_a_refused_login_is_for_good_and_says_what_to_do(mail_server: Server, settings: Settings) -> None:
    mail_server.login = ("shop", "right")
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "shop", "wrong"
    assert send().status == JobStatus.FAILED
    assert "Correct SMTP_USER and SMTP_PASSWORD" in row().reason
    assert "wrong" not in row().reason.replace("wrong password", "")  # the server's words, not ours


def test_a_login_that_is_right_lets_in(mail_server: Server, settings: Settings) -> None:
    mail_server.login = ("shop", "right")
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "shop", "right"
    assert send().status == JobStatus.COMPLETED


def test_a_login_that_cannot_be_checked_now_is_tried_again(mail_server: Server, settings: Settings) -> None:
    mail_server.login = ("shop", "right")
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "shop", "right"
    mail_server.breaks.append(Break("auth", "454 4.7.0 later"))
    assert send().status == JobStatus.RETRYING


def test_a_server_that_wants_a_login_is_for_good(mail_server: Server) -> None:
    mail_server.login = ("shop", "right")
    assert send().status == JobStatus.FAILED
    assert "wants a login" in row().reason


def test_a_server_without_the_wanted_tls_gets_no_mail(mail_server: Server, settings: Settings) -> None:
    settings.EMAIL_USE_TLS = True
    assert send().status == JobStatus.FAILED
    assert ("STARTTLS" in row().reason, mail_server.taken) == (True, [])


def test_mail_goes_over_tls_to_a_server_that_is_who_it_says(
    mail_server: Server, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, mail_server.tls = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    settings.EMAIL_USE_TLS, settings.EMAIL_HOST = True, "localhost"
    settings.EMAIL_TIMEOUT = 5
    assert send().status == JobStatus.COMPLETED


def test_a_certificate_that_nobody_vouches_for_is_for_good(
    mail_server: Server, settings: Settings, tmp_path: Path
) -> None:
    _, mail_server.tls = certificate(tmp_path)
    settings.EMAIL_USE_TLS, settings.EMAIL_TIMEOUT = True, 5
    assert send().status == JobStatus.FAILED
    assert ("certificate" in row().reason, mail_server.taken) == (True, [])


@pytest.mark.parametrize("how", ["drop", "454 not now"])
def test_tls_that_breaks_is_tried_again(mail_server: Server, settings: Settings, tmp_path: Path, how: str) -> None:
    _, mail_server.tls = certificate(tmp_path)
    settings.EMAIL_USE_TLS = True
    mail_server.breaks.append(Break("starttls", how))
    assert send().status == JobStatus.RETRYING


def test_a_server_that_drips_its_answers_does_not_hold_a_job_for_ever(mail_server: Server, settings: Settings) -> None:
    settings.EMAIL_TIMEOUT = 0.05
    mail_server.breaks.append(Break("mail", "hang"))
    assert send().status == JobStatus.RETRYING


def test_a_time_out_that_does_not_fit_into_the_job_is_refused(mail_server: Server, settings: Settings) -> None:
    settings.SMTP_ANSWER_TIMEOUT = 400
    job = send()
    assert "does not fit into a job" in job.error
