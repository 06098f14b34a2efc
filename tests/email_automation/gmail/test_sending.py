"""Mail through Gmail goes once, whatever Gmail answers: two steps, and what is unclear is asked."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from crm.models import Contact
from email_automation import services
from email_automation.gmail import client
from email_automation.models import Author, Mailbox, MailStatus, OutgoingMail
from jobs import services as job_services
from jobs.models import Effect, Job, JobStatus
from jobs.testing import FrozenClock, crash, drain, run_job
from tests.email_automation.gmail.conftest import ADDRESS
from tests.servers.gmail import Box, GmailServer

pytestmark = pytest.mark.django_db(transaction=True)

TO = "jane@company.com"


@pytest.fixture(autouse=True)
def at_once(settings: Settings, monkeypatch: pytest.MonkeyPatch, jobs_clock: FrozenClock) -> None:
    settings.EMAIL_SINK = False
    monkeypatch.setattr(client, "PAUSES", (0.0, 0.0))


@pytest.fixture
def send(mailbox: Mailbox, user: User) -> Any:
    def ask(subject: str = "Hello", **more: Any) -> Job:
        return services.send_email(TO, subject, "Good day.", user_id=user.pk, author=Author.PERSON, **more)

    return ask


def row() -> OutgoingMail:
    return OutgoingMail.objects.order_by("-pk")[0]


def test_a_users_mail_goes_through_their_own_account(send: Any, box: Box) -> None:
    assert run_job(send()).status == JobStatus.COMPLETED
    [sent] = box.sent
    assert (sent["From"], sent["To"], sent["Subject"]) == (ADDRESS, TO, "Hello")
    mail = row()
    assert (mail.status, mail.mailer, mail.delivered, mail.from_address) == (MailStatus.SENT, "gmail", [TO], ADDRESS)
    assert (mail.message_id, bool(mail.provider_id), bool(mail.thread_id)) == (
        sent["Message-ID"].strip("<>"),
        True,
        True,
    )


def test_the_products_own_mail_does_not(mailbox: Mailbox, user: User, box: Box, mail_server: Any) -> None:
    assert run_job(services.send_email(TO, "Welcome", "Hello!", user_id=user.pk)).status == JobStatus.COMPLETED
    assert (len(mail_server.taken), box.sent) == (1, [])


@pytest.mark.parametrize("fault", [{"status": 503, "after_commit": True}, {"cut": True, "after_commit": True}])
def test_an_answer_that_got_lost_is_found_out_and_it_is_not_sent_again(
    send: Any, server: GmailServer, box: Box, fault: dict[str, Any]
) -> None:
    server.fault("drafts.send", **fault)
    job = run_job(send())
    assert (job.status, row().status, len(box.sent)) == (JobStatus.PENDING, MailStatus.SENDING, 1)
    assert run_job(job_services.run_now(job.pk)).status == JobStatus.COMPLETED
    assert (row().status, len(box.sent)) == (MailStatus.SENT, 1)
    assert row().message_id == box.sent[0]["Message-ID"].strip("<>")


@pytest.mark.parametrize("fault", [{"status": 503}, {"cut": True}])
def test_a_sending_that_was_not_done_is_done_when_it_is_asked_about(
    send: Any, server: GmailServer, box: Box, fault: dict[str, Any]
) -> None:
    server.fault("drafts.send", **fault)
    job = run_job(send())
    assert (job.status, box.sent) == (JobStatus.PENDING, [])
    assert run_job(job_services.run_now(job.pk)).status == JobStatus.COMPLETED
    assert len(box.sent) == 1


@pytest.mark.parametrize("at", ["after claim", "after effect", "before settle"])
def test_it_goes_once_wherever_its_process_dies(send: Any, box: Box, at: str) -> None:
    job = send()
    with crash(at):
        drain(check=False, skip_waits=True)
    job.refresh_from_db()
    assert (job.status, row().status, len(box.sent)) == (JobStatus.COMPLETED, MailStatus.SENT, 1)


def test_a_draft_that_was_made_before_is_sent_not_made_again(
    send: Any, server: GmailServer, box: Box, jobs_clock: FrozenClock
) -> None:
    server.fault("drafts.send", status=429, reason="rateLimitExceeded", retry_after="7", times=1)
    job = run_job(send())
    assert (job.status, job.failures, row().status) == (JobStatus.RETRYING, 0, MailStatus.QUEUED)
    jobs_clock.advance(8)
    assert run_job(job).status == JobStatus.COMPLETED
    assert (len(server.calls("drafts.create")), len(box.sent)) == (1, 1)


def test_a_draft_that_its_owner_deleted_in_time_is_not_sent(send: Any, server: GmailServer, box: Box) -> None:
    server.fault("drafts.send", do=lambda: box.delete_draft(next(iter(box.drafts))), times=1)
    job = run_job(send())
    assert (job.status, row().status, box.sent) == (JobStatus.FAILED, MailStatus.FAILED, [])
    assert "deleted in Gmail" in row().reason
    job_services.retry(job.pk)
    assert run_job(job).status == JobStatus.COMPLETED
    assert len(box.sent) == 1


def test_a_draft_that_is_gone_and_not_among_the_sent_leaves_a_doubt(send: Any, server: GmailServer, box: Box) -> None:
    server.fault("drafts.send", status=503)
    job = run_job(send())
    box.delete_draft(row().draft_id)
    assert run_job(job_services.run_now(job.pk)).status == JobStatus.IN_DOUBT
    assert (row().status, box.sent) == (MailStatus.IN_DOUBT, [])


def test_when_gmail_stays_away_after_an_unclear_answer_a_person_is_asked_in_the_end(
    send: Any, server: GmailServer, box: Box
) -> None:
    server.fault("drafts.send", status=503, times=100)
    job = run_job(send())
    for _ in range(8):
        assert run_job(job_services.run_now(job.pk)).status == JobStatus.PENDING
    assert run_job(job_services.run_now(job.pk)).status == JobStatus.IN_DOUBT
    assert Effect.objects.get().detail["asked"] == 8


@pytest.mark.parametrize(("status", "reason"), [(400, "invalidArgument"), (403, "insufficientPermissions")])
def test_a_no_for_good_is_believed(send: Any, server: GmailServer, box: Box, status: int, reason: str) -> None:
    server.fault("drafts.send", status=status, reason=reason)
    job = run_job(send())
    assert (job.status, row().status, box.sent) == (JobStatus.FAILED, MailStatus.FAILED, [])


def test_a_revoked_grant_parks_the_mail_until_the_account_is_connected_again(
    send: Any, server: GmailServer, box: Box, mailbox: Mailbox
) -> None:
    server.revoke(ADDRESS)
    server.end_tokens(ADDRESS)
    job = run_job(send())
    assert (job.status in (JobStatus.PENDING, JobStatus.RETRYING), row().status) == (True, MailStatus.QUEUED)
    assert box.sent == []


def test_a_reply_stays_in_its_thread(mailbox: Mailbox, user: User, box: Box) -> None:
    box.deliver(
        b"From: Jane <jane@company.com>\r\nMessage-ID: <1@company.com>\r\nSubject: Prices\r\n\r\nHow much?\r\n",
        "INBOX",
        thread="t1",
    )
    run_job(services.sync_mailbox(mailbox))
    Contact.objects.create(user=user, email=TO)
    message = mailbox.messages.get()
    assert run_job(services.reply(message, "Ten.")).status == JobStatus.COMPLETED
    [sent] = box.sent
    assert (sent["Subject"], sent["In-Reply-To"], sent["To"]) == ("Re: Prices", "<1@company.com>", TO)
    assert row().thread_id == "t1"
