"""A job's life, told in order."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from jobs import history, services
from jobs.clock import Now
from jobs.models import Effect, Job
from tests.jobs.api import states

pytestmark = pytest.mark.django_db


def passed(job: Job) -> list[str]:
    return [str(spell.status) for spell in history.of(job).spells]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (states.waiting, ["pending"]),
        (states.running, ["pending", "processing"]),
        (states.completed, ["pending", "processing", "completed"]),
        (states.failed, ["pending", "processing", "failed"]),
        (states.retrying, ["pending", "processing", "retrying"]),
        (states.cancelled, ["pending", "cancelled"]),
        (states.in_doubt, ["pending", "processing", "in_doubt"]),
    ],
)
def test_the_states_are_those_it_was_in(make: Callable[[], Job], expected: list[str]) -> None:
    assert passed(make()) == expected


def test_a_job_that_was_run_again_waited_twice() -> None:
    job = services.retry(states.failed().pk, by="ann", reason="it is mended")
    assert passed(job) == ["pending", "processing", "failed", "pending"]
    states.claimed(job)
    job.refresh_from_db()
    assert passed(job)[-2:] == ["pending", "processing"]


def test_time_is_summed_by_state_and_what_goes_on_still_counts() -> None:
    job = states.completed()
    Job.objects.filter(pk=job.pk).update(
        started_at=job.created_at + timedelta(seconds=5), finished_at=job.created_at + timedelta(seconds=7)
    )
    job.refresh_from_db()
    assert history.of(job).totals == {"pending": 5.0, "processing": 2.0, "completed": 0.0}
    assert history.of(states.running()).spells[-1].open


def test_everything_that_happened_is_in_one_line() -> None:
    job = states.failed(error="no such address")
    child = states.waiting()
    Effect.objects.create(
        key="send:1:ada", job=job, attempt=1, kind="mail", status="confirmed", provider_id="m-1", created_at=Now(),
        settled_at=Now(),
    )  # fmt: skip
    services.retry(job.pk, by="ann", reason="it is mended")
    told = history.of(Job.objects.get(pk=job.pk), children=[child]).moments
    assert [moment.at for moment in told] == sorted(moment.at for moment in told)
    assert told[0].kind == "enqueued"
    words = [f"{moment.text} {moment.note} {moment.by}" for moment in told]
    for expected in ("attempt 1 began", "ValueError: no such address", "mail confirmed as m-1", "it is mended", "ann"):
        assert any(expected in word for word in words), expected
    assert child.pk in {moment.other for moment in told}


def test_a_run_that_succeeded_or_goes_on_is_told_too() -> None:
    assert "began" in kinds(states.running())
    assert {"began", "ended"} <= kinds(states.completed())
    assert not {"began", "ended"} & kinds(states.waiting())


def kinds(job: Job) -> set[str]:
    return {moment.kind for moment in history.of(job).moments}
