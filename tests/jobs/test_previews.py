"""What is shown before many jobs are steered: bounded, however many there are, and honest about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs import again, cancelling, query, services
from jobs.again import Selection
from jobs.clock import Now
from jobs.models import Job
from jobs.query import windows
from tests.jobs.states import alter, ended, put, take

pytestmark = pytest.mark.django_db

DEAD = Selection(statuses=("dead",))


@pytest.fixture
def shallow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look ends after two jobs."""
    monkeypatch.setattr(windows, "DEPTH", 2)


def in_turn(make: Callable[[], Job], number: int) -> list[Job]:
    """Jobs enqueued a minute after each other, the oldest first."""
    return [alter(make(), created_at=Now(-60 * (number - at))) for at in range(number)]


def queries(act: Callable[[], Any]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        act()
    return len(asked)


@pytest.mark.usefixtures("shallow")
def test_a_retry_shows_the_newest_and_how_far_back_they_go() -> None:
    jobs = in_turn(lambda: ended("dead"), 4)
    preview = services.preview_retry(DEAD)
    jobs[2].refresh_from_db()
    assert (preview.count, preview.since) == (2, jobs[2].created_at)
    assert preview.causes[0].example == jobs[3].pk


@pytest.mark.usefixtures("shallow")
def test_a_retry_of_one_cause_shows_all_of_it() -> None:
    """An index leads to them: others that went wrong since are not in the way."""
    alter(ended("dead"), fingerprint="rare", created_at=Now(-600))
    in_turn(lambda: ended("dead"), 4)
    preview = services.preview_retry(Selection(statuses=("dead",), fingerprint="rare"))
    assert (preview.count, preview.since) == (1, None)


@pytest.mark.usefixtures("shallow")
def test_a_retry_runs_all_that_match_not_only_what_was_counted() -> None:
    in_turn(lambda: ended("dead"), 4)
    preview = services.preview_retry(DEAD)
    assert services.retry_many(DEAD, by="ann", until=preview.until).done == 4


@pytest.mark.usefixtures("shallow")
def test_a_cancel_shows_the_newest_that_wait_and_all_that_run() -> None:
    running = in_turn(put, 3)
    for job in running:
        take(job)
    waiting = in_turn(put, 4)
    preview = services.preview_cancel(Job.objects.all())
    waiting[2].refresh_from_db()
    assert (preview.waiting, preview.running, preview.since) == (2, 3, waiting[2].created_at)


@pytest.mark.usefixtures("shallow")
def test_a_few_chosen_jobs_are_all_counted_however_old_they_are() -> None:
    waiting = in_turn(put, 4)
    chosen = Job.objects.filter(pk__in=[job.pk for job in waiting])
    assert cancelling.preview_of(chosen).count == 4
    dead = in_turn(lambda: ended("dead"), 4)
    chosen = Job.objects.filter(pk__in=[job.pk for job in dead])
    assert again.preview_of(query.Window(chosen, None)).count == 4


def test_more_causes_and_tasks_take_no_more_queries() -> None:
    ended("dead"), put()
    few = queries(lambda: services.preview_retry(DEAD)), queries(lambda: services.preview_cancel(Job.objects.all()))
    for number in range(30):
        alter(ended("dead"), fingerprint=f"{number}")
        put(task=["echo", "add", "greet"][number % 3])
    many = queries(lambda: services.preview_retry(DEAD)), queries(lambda: services.preview_cancel(Job.objects.all()))
    assert many == few
    assert len(services.preview_retry(DEAD).causes) == again.CAUSES
