"""The sync entry that callers of the old platform know."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from email_automation.gmail_sync_jobs import GmailSyncJobManager
from email_automation.models import Mailbox, Message, SyncRun
from jobs import executor
from jobs.errors import JobNotFound, Refused
from jobs.models import Job, JobStatus
from jobs.queues import email_queue
from tests.email_automation.mailboxes.letters import letter

pytestmark = pytest.mark.django_db

manager = GmailSyncJobManager()


def test_a_queued_sync_is_a_job_of_the_user(make_mailbox: Callable[..., Mailbox], user: User) -> None:
    make_mailbox(letter(1))
    job_id = manager.queue_sync_job(user.pk, sync_type="manual")
    job = Job.objects.get()
    assert (str(job.pk), job.task, job.owner_id, job.status) == (
        job_id,
        "process_gmail_sync",
        user.pk,
        JobStatus.PENDING,
    )
    assert manager.get_sync_status(job_id)["progress"] == 0.0


def test_enqueued_again_by_the_old_callers_it_is_the_same_job(make_mailbox: Callable[..., Mailbox], user: User) -> None:
    make_mailbox(letter(1))
    job_id = manager.queue_sync_job(user.pk)
    email_queue.register_task("process_gmail_sync", manager.process_sync_job)
    assert email_queue.enqueue_job("process_gmail_sync", {"job_id": job_id}, max_retries=3) == job_id
    assert Job.objects.count() == 1


def test_called_directly_it_claims_the_job_and_runs_it(make_mailbox: Callable[..., Mailbox], user: User) -> None:
    make_mailbox(letter(1), letter(2))
    status = manager.process_sync_job(manager.queue_sync_job(user.pk))
    assert (status["status"], status["success"], status["emails_synced"]) == ("completed", True, 2)
    assert (status["progress"], status["has_more"], status["contacts_found"]) == (100.0, False, 1)
    assert status["leads_identified"] == 0


def test_called_directly_while_a_worker_has_it_nothing_runs_twice(
    make_mailbox: Callable[..., Mailbox], user: User
) -> None:
    make_mailbox(letter(1))
    job_id = manager.queue_sync_job(user.pk)
    assert executor.take(Job.objects.get().pk)
    assert manager.process_sync_job(job_id)["status"] == "processing"
    assert not Message.objects.exists()


def test_called_directly_it_runs_every_slice(
    make_mailbox: Callable[..., Mailbox], user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("email_automation.syncing.pages.PAGE_ROWS", 1)
    monkeypatch.setattr("email_automation.syncing.sync.SLICE_MARGIN", 10_000)
    make_mailbox(letter(1), letter(2))
    assert manager.process_sync_job(manager.queue_sync_job(user.pk))["emails_synced"] == 2


def test_a_user_without_a_mailbox_gets_a_sync_that_says_so(user: User) -> None:
    status = manager.process_sync_job(manager.queue_sync_job(user.pk))
    assert (status["status"], status["success"]) == ("failed", False)
    assert "Connect it" in str(status["error"])
    assert Mailbox.objects.get().kind == "gmail"


def test_a_mailbox_that_was_added_is_preferred_to_one_not_connected(
    make_mailbox: Callable[..., Mailbox], user: User
) -> None:
    manager.queue_sync_job(user.pk)
    mailbox = make_mailbox(letter(1))
    manager.queue_sync_job(user.pk)
    assert SyncRun.objects.latest("id").mailbox == mailbox


def test_an_unknown_user_is_refused_by_name(db: None) -> None:
    with pytest.raises(Refused, match="There is no user 404"):
        manager.queue_sync_job(404)


def test_an_unknown_sync_is_refused(db: None) -> None:
    with pytest.raises(JobNotFound):
        manager.get_sync_status("no-such-job")
