"""The count sees what was lost and what happened twice. Nothing is broken here but the numbers."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pytest_django.plugin import DjangoDbBlocker

from jobs import lifecycle
from jobs.drill import outside, verdict
from jobs.drill.verdict import Verdict
from jobs.models import Job
from jobs.models.job import new_id
from tests.faults.rig import Rig, connected
from tests.jobs.states import BROKEN, put, take


@pytest.fixture(scope="module")
def ledger(django_db_blocker: DjangoDbBlocker) -> Iterator[Rig]:
    with django_db_blocker.unblock(), Rig("sqlite") as rig, connected(rig):
        yield rig


@pytest.fixture
def rig(ledger: Rig, django_db_blocker: DjangoDbBlocker) -> Iterator[Rig]:
    with django_db_blocker.unblock():
        yield ledger
        Job.objects.all().delete()
        assert ledger.database is not None
        for table in ("drill_move", "drill_row"):
            ledger.database.query(f"DELETE FROM {table}")
        for name in (outside.ACCEPTED, outside.EFFECTS, "cancelled"):
            (ledger.folder / name).unlink(missing_ok=True)


def accepted(rig: Rig, task: str = "drill_send", *, happened: int = 1, cancel: str = "") -> Job:
    """A job that was accepted, waits, and has had its effect so often."""
    job = put(task=task, key=str(new_id()))
    outside.add(rig.folder / outside.ACCEPTED, key=job.key, task=task, took=0.001)
    for _ in range(happened):
        outside.add(rig.folder / outside.EFFECTS, key=job.key)
    if cancel:
        outside.add(rig.folder / "cancelled", key=job.key, answer=cancel)
    return job


def complete(job: Job) -> Job:
    lifecycle.complete([(take(job), "null")])
    return job


def count(rig: Rig, last_fault: float | None = None) -> Verdict:
    return verdict.of_ledger(rig, time.time() if last_fault is None else last_fault)


def test_a_job_done_once_is_neither(rig: Rig) -> None:
    complete(accepted(rig))
    assert count(rig).is_clean


def test_a_job_that_is_not_in_the_ledger_is_lost(rig: Rig) -> None:
    job = accepted(rig)
    job.delete()
    assert list(count(rig).lost) == [job.key]


def test_a_job_without_an_outcome_is_lost(rig: Rig) -> None:
    job = accepted(rig)
    assert "is pending" in count(rig).lost[job.key or ""]


def test_a_completed_job_without_its_effect_is_lost(rig: Rig) -> None:
    job = complete(accepted(rig, happened=0))
    assert "nothing happened" in count(rig).lost[job.key or ""]


def test_an_outcome_that_is_not_the_expected_one_is_lost(rig: Rig) -> None:
    job = accepted(rig)
    lifecycle.fail(take(job), BROKEN)
    assert "is failed" in count(rig).lost[job.key or ""]


def test_an_effect_that_happened_twice_is_doubled(rig: Rig) -> None:
    job = complete(accepted(rig, happened=2))
    assert "2 times" in count(rig).doubled[job.key or ""]


def test_an_effect_of_a_job_that_was_cancelled_is_doubled(rig: Rig) -> None:
    job = accepted(rig, happened=1, cancel="done")
    lifecycle.cancel(job.pk, by="drill", reason="")
    assert "cancelled" in count(rig).doubled[job.key or ""]


def test_an_outcome_given_twice_is_doubled(rig: Rig) -> None:
    job = complete(accepted(rig))
    Job.objects.filter(pk=job.pk).update(status="pending")  # what no verb does
    complete(job)
    assert "settled 2 times" in count(rig).doubled[str(job.pk)] or "went from" in count(rig).doubled[str(job.pk)]


def test_an_attempt_number_that_falls_is_seen(rig: Rig) -> None:
    job = complete(accepted(rig))
    Job.objects.filter(pk=job.pk).update(attempt=0)
    assert str(job.pk) in count(rig).doubled


def test_a_doubt_is_counted_apart_where_nobody_can_be_asked(rig: Rig) -> None:
    job = accepted(rig, "drill_send_blind")
    lifecycle.snooze(take(job), 0, "")
    lifecycle.doubt(take(job), BROKEN)
    found = count(rig)
    assert (found.in_doubt, found.is_clean) == (1, True)


def test_a_doubt_where_one_can_ask_is_lost(rig: Rig) -> None:
    job = accepted(rig)
    lifecycle.doubt(take(job), BROKEN)
    assert "in_doubt" in count(rig).lost[job.key or ""]


def test_late_is_a_minute_after_the_last_fault(rig: Rig) -> None:
    job = complete(accepted(rig))
    Job.objects.filter(pk=job.pk).update(run_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert count(rig, time.time() - 70).late == 1
    assert count(rig, time.time() - 50).late == 0
