"""Waiting for what came of a sync ends when nothing of it is left, and says what did not go well."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User

from email_automation import sample, services
from email_automation.models import SyncRun
from fikiri.laptop import pipeline, summary
from fikiri.laptop.interrupts import Waiter, interrupts
from fikiri.laptop.pipeline import Followed, Tally
from jobs.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiter() -> Iterator[Waiter]:
    with interrupts() as made:
        yield made


@pytest.fixture
def sync(settings: object) -> Job:
    """The job of a sync that waits."""
    return services.sync_mailbox(services.add_mailbox(User.objects.create_user("ann"), sample.MBOX))


def follow(sync: Job, waiter: Waiter, *, timeout: float = 60, retries_too: bool = True) -> Followed:
    return pipeline.follow(
        sync, waiter, show=lambda *_: None, tend=lambda: None, timeout=timeout, retries_too=retries_too
    )


def set_status(job: Job, status: str, error: str = "") -> None:
    Job.objects.filter(pk=job.pk).update(status=status, error=error)


def test_jobs_are_counted_by_status_and_task(sync: Job) -> None:
    counted = pipeline.tally(sync.correlation_id)
    assert (counted.statuses["pending"], counted.total["process_gmail_sync"], counted.unfinished) == (1, 1, 1)


def test_jobs_of_other_syncs_are_not_counted(sync: Job) -> None:
    assert pipeline.tally("another") == Tally()


@pytest.mark.parametrize("status", ["completed", "failed", "dead", "cancelled", "expired", "in_doubt"])
def test_waiting_ends_when_nothing_is_left(status: str, sync: Job, waiter: Waiter) -> None:
    set_status(sync, status)
    followed = follow(sync, waiter)
    assert not followed.timed_out
    assert (followed.tally.trouble == 0) == (status == "completed")


def test_waiting_ends_at_the_time_out(sync: Job, waiter: Waiter) -> None:
    assert follow(sync, waiter, timeout=0.01).timed_out


def test_a_web_server_does_not_wait_for_what_tries_again_later(sync: Job, waiter: Waiter) -> None:
    set_status(sync, "retrying")
    assert not follow(sync, waiter, retries_too=False).timed_out
    assert follow(sync, waiter, timeout=0.01).timed_out


def test_the_summary_adds_up(sync: Job, waiter: Waiter) -> None:
    set_status(sync, "completed")
    SyncRun.objects.filter(job_id=sync.pk).update(found=10, synced=7, duplicates=2, unreadable=1)
    run = SyncRun.objects.get(job_id=sync.pk)
    numbers = summary.summarise(run, Followed(pipeline.tally(sync.correlation_id), seconds=4.0, timed_out=False))
    assert numbers.as_json() == {
        "messages_found": 10,
        "messages_synced": 7,
        "duplicates": 2,
        "unreadable": 1,
        "classified": 0,
        "contacts": 0,
        "leads": 0,
        "jobs": {"completed": 1},
        "seconds": 4.0,
        "messages_per_second": 2.5,
    }
    assert "10 found: 7 new, 2 known already, 1 unreadable" in next(numbers.lines())


def test_what_went_wrong_is_said_once_for_each_cause(sync: Job) -> None:
    set_status(sync, "failed", "the mailbox is gone")
    assert list(summary.troubles(sync.correlation_id)) == ["1 x process_gmail_sync failed: the mailbox is gone"]
