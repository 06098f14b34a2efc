"""Mail through Gmail goes once, whatever Gmail answers: two steps, and what is unclear is asked."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from crm.models import Contact
from email_automation import services
from email_automation.gmail import client
from email_automation.gmail.answers import Draft
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


def test_it_is_found_among_a_thousand_that_were_sent_since_with_few_calls(
    send: Any, server: GmailServer, box: Box
) -> None:
    for number in range(3):
        box.send(_mail_to("before@company.com", number))
    server.fault("drafts.send", status=503, after_commit=True)
    job = run_job(send())
    for number in range(1_000):
        box.send(_mail_to("others@company.com", number))
    assert run_job(job_services.run_now(job.pk)).status == JobStatus.COMPLETED
    assert row().status == MailStatus.SENT
    assert len(server.calls("messages.get")) == 1


def test_it_is_found_though_gmails_search_lags_behind(send: Any, server: GmailServer, box: Box) -> None:
    box.send(_mail_to("before@company.com", 0))
    server.fault("drafts.send", status=503, after_commit=True)
    job = run_job(send())
    for number in range(20):
        box.send(_mail_to("others@company.com", number))
    server.fault("messages.list", garbage=b"{}")
    assert run_job(job_services.run_now(job.pk)).status == JobStatus.COMPLETED
    assert len(server.calls("messages.get")) == 1


def _mail_to(address: str, number: int) -> bytes:
    return f"From: {ADDRESS}\r\nTo: {address}\r\nSubject: {number}\r\n\r\nGood day.\r\n".encode()


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


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("call", ["drafts.create", "drafts.send"])
def test_two_refusals_in_a_row_cost_no_attempt_and_it_goes_once(
    send: Any, server: GmailServer, box: Box, jobs_clock: FrozenClock, call: str, status: int
) -> None:
    server.fault(call, status=status, reason="userRateLimitExceeded", retry_after="7", times=2)
    job = send()
    for _ in range(2):
        assert run_job(job).status == JobStatus.RETRYING
        jobs_clock.advance(40)
    assert run_job(job).status == JobStatus.COMPLETED
    assert (job.failures, row().status, len(box.sent), box.drafts) == (0, MailStatus.SENT, 1, {})


@pytest.mark.parametrize("fault", [{"status": 503, "after_commit": True}, {"cut": True, "after_commit": True}])
@pytest.mark.parametrize(("newer", "in_vain"), [(30, 0), (30, 1), (3, 2)])
def test_a_draft_whose_answer_got_lost_is_found_and_sent(
    send: Any, server: GmailServer, box: Box, jobs_clock: FrozenClock, fault: dict[str, Any], newer: int, in_vain: int
) -> None:
    """By its Message-ID, if Gmail has kept it; by whom it is to; or, if Gmail's search lags, among the newest."""
    box.create_draft(b"To: somebody@company.com\r\nSubject: of the owner\r\n\r\nStill at it.\r\n")
    server.fault("drafts.create", **fault)
    job = run_job(send())
    assert (job.status, row().draft_id, len(box.drafts)) == (JobStatus.RETRYING, "", 2)
    for number in range(newer):
        box.create_draft(_mail_to("others@company.com", number))
    server.fault("drafts.list", garbage=b"{}", times=in_vain)
    jobs_clock.advance(600)
    assert run_job(job).status == JobStatus.COMPLETED
    assert [sent["Subject"] for sent in box.sent] == ["Hello"]
    assert (len(server.calls("drafts.create")), len(box.drafts)) == (1, 1 + newer)


def test_an_attempt_that_was_taken_for_dead_leaves_no_draft_and_names_none(
    send: Any, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asked about the wrong draft would send both."""
    job, create = send(), client.Client.create_draft

    def taken_for_dead_meanwhile(*arguments: Any, **options: Any) -> Draft:
        draft = create(*arguments, **options)
        Job.objects.filter(pk=job.pk).update(claim=uuid4())
        return draft

    monkeypatch.setattr(client.Client, "create_draft", taken_for_dead_meanwhile)
    run_job(job)
    assert (row().draft_id, box.drafts, box.sent) == ("", {}, [])


def test_a_persons_no_to_mail_in_doubt_sends_it_though_its_draft_is_gone(
    send: Any, server: GmailServer, box: Box, user: User
) -> None:
    job = _in_doubt(send, server, box)
    services.resolve_doubt(row(), user, happened=False, reason="It is not among the sent.")
    assert run_job(job).status == JobStatus.COMPLETED
    assert (row().status, len(box.sent)) == (MailStatus.SENT, 1)


def test_a_persons_no_is_not_believed_where_gmail_has_it_among_the_sent(
    send: Any, server: GmailServer, box: Box, user: User
) -> None:
    server.fault("drafts.send", status=503, times=100, after_commit=True)
    job = run_job(send())
    mail = row()
    Effect.objects.update(detail={**Effect.objects.get().detail, "asked": 8})
    assert run_job(job_services.run_now(job.pk)).status == JobStatus.IN_DOUBT
    server.faults.clear()
    services.resolve_doubt(row(), user, happened=False, reason="I think not.")
    assert run_job(job).status == JobStatus.COMPLETED
    assert (row().status, len(box.sent), len(server.calls("drafts.create"))) == (MailStatus.SENT, 1, 1)
    assert row().message_id != mail.message_id


def _in_doubt(send: Any, server: GmailServer, box: Box) -> Job:
    server.fault("drafts.send", status=503)
    job = run_job(send())
    box.delete_draft(row().draft_id)
    assert run_job(job_services.run_now(job.pk)).status == JobStatus.IN_DOUBT
    return job


def test_a_draft_that_its_owner_deleted_in_time_is_not_sent(send: Any, server: GmailServer, box: Box) -> None:
    server.fault("drafts.send", do=lambda: box.delete_draft(next(iter(box.drafts))), times=1)
    job = run_job(send())
    assert (job.status, row().status, box.sent) == (JobStatus.FAILED, MailStatus.FAILED, [])
    assert "deleted in Gmail" in row().reason
    job_services.retry(job.pk)
    assert run_job(job).status == JobStatus.COMPLETED
    assert len(box.sent) == 1


def test_a_draft_that_is_gone_and_not_among_the_sent_leaves_a_doubt(send: Any, server: GmailServer, box: Box) -> None:
    _in_doubt(send, server, box)
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
