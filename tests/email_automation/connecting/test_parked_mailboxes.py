"""A revoked grant parks that mailbox's jobs only; connected again, all of them run on."""

import pytest
from django.contrib.auth.models import User

from email_automation import services
from email_automation.connecting import google_tokens
from email_automation.models import Account, AccountState, Mailbox
from jobs import services as job_services
from jobs import why
from jobs.errors import Refused
from jobs.models import AuditEntry, HeldJob, Hold, Job
from jobs.queues import email_queue
from jobs.testing import drain
from tests.email_automation.google import Connect
from tests.servers.google_tokens import TokenServer
from tests.servers.smtp import Server

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("forgotten_tasks")]


@pytest.fixture
def look() -> None:
    """A task that needs the mailbox."""

    @email_queue.task()
    def look_into_mailbox(mailbox_id: int) -> str:
        return str(google_tokens.credentials(Mailbox.objects.get(pk=mailbox_id)).token)


def enqueue(*accounts: Account) -> list[Job]:
    return [job_services.enqueue("look_into_mailbox", {"mailbox_id": account.mailbox_id}) for account in accounts]


@pytest.mark.usefixtures("look")
def test_only_the_jobs_of_that_mailbox_wait_and_all_run_on(
    user: User, stranger: User, google: TokenServer, connect: Connect, mail_sink: Server
) -> None:
    broken, fine = connect(user, "broken@gmail.com"), connect(stranger, "fine@gmail.com")
    del google.owners[broken.refresh_token.reveal()]
    jobs = enqueue(broken, fine, broken, fine)
    drain()
    held, others = [jobs[0], jobs[2]], [jobs[1], jobs[3]]
    for job in jobs:
        job.refresh_from_db()
    assert {job.status for job in others} == {"completed"}
    assert {(job.status, job.failures) for job in held} == {("pending", 0)}
    explained = why.explain(held[0])
    assert "broken@gmail.com has to be connected again: Google refuses its token" in explained.text
    assert [message["To"] for message in mail_sink.mails] == [user.email]

    services.finish_gmail(user, google.consent(services.begin_gmail(user, "https://x/"), "broken@gmail.com"))
    drain("email", check=False)
    for job in held:
        job.refresh_from_db()
    assert {(job.status, job.failures) for job in held} == {("completed", 0)}
    assert Account.objects.get(pk=broken.pk).state == AccountState.CONNECTED
    assert not Hold.objects.exists()
    assert len(mail_sink.mails) == 1


@pytest.mark.usefixtures("look")
def test_a_mailbox_that_is_disconnected_instead_lets_its_jobs_end(
    user: User, google: TokenServer, connect: Connect, mail_sink: Server
) -> None:
    account = connect(user)
    google.owners.clear()
    [job] = enqueue(account)
    drain()
    services.disconnect(account.mailbox, by="ann")
    drain(check=False)
    job.refresh_from_db()
    assert (job.status, job.error_class) == ("failed", "MAILBOX_NOT_CONNECTED")


@pytest.mark.usefixtures("look")
def test_a_grant_that_breaks_again_is_told_again(
    user: User, google: TokenServer, connect: Connect, mail_sink: Server
) -> None:
    for _ in range(2):
        account = connect(user)
        google.owners.clear()
        enqueue(account)
        drain()
    assert len(mail_sink.mails) == 2


def parked(account: Account) -> Job:
    """A job that waits for a login that is broken."""
    Account.objects.filter(pk=account.pk).update(state=AccountState.NEEDS_REAUTH, reason="Google refuses its token")
    job_services.hold(account.hold, "it has to be connected again")
    [job] = enqueue(account)
    drain("email", check=False)
    job.refresh_from_db()
    return job


@pytest.mark.usefixtures("look")
def test_an_operator_does_not_release_what_its_owner_has_to_mend(user: User, connect: Connect) -> None:
    account = connect(user, "broken@gmail.com")
    job = parked(account)
    with pytest.raises(Refused, match=r"broken@gmail\.com has to be connected again: Google refuses its token"):
        job_services.release_by_hand(account.hold, by="ann")
    assert HeldJob.objects.get().job == job


@pytest.mark.usefixtures("look")
def test_a_paused_mailbox_that_has_to_be_connected_again_waits_for_that(user: User, connect: Connect) -> None:
    account = connect(user)
    services.pause_mailbox(account.mailbox, by="ann")
    job = parked(account)
    services.resume_mailbox(account.mailbox, by="ann")
    assert HeldJob.objects.get().job == job
    assert "has to be connected again" in Hold.objects.get().reason


@pytest.mark.usefixtures("look")
def test_an_operator_who_releases_a_paused_mailbox_resumes_it(user: User, connect: Connect) -> None:
    mailbox = connect(user).mailbox
    services.pause_mailbox(mailbox, by="ann")
    job_services.release_by_hand(mailbox.hold, by="bob", reason="ann asked")
    mailbox.refresh_from_db()
    assert (mailbox.paused_at, Hold.objects.filter(released_at=None).exists()) == (None, False)
    assert [(one.verb, one.by) for one in AuditEntry.objects.order_by("pk")] == [
        ("pause", "ann"),
        ("resume", "bob"),
        ("release", "bob"),
    ]
