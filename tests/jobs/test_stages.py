"""Running a cause again in stages."""

import pytest

from jobs import lifecycle, reports, stages
from jobs.models import Job
from jobs.stages import Verdict
from tests.jobs.api import states

pytestmark = pytest.mark.django_db


def test_the_oldest_few_go_first() -> None:
    jobs = [states.failed() for _ in range(4)]
    ids, done = stages.go(Job.objects.all(), 2, by="ann", reason="mended", origin="admin")
    assert (ids, done.done) == ([job.pk for job in jobs[:2]], 2)
    assert Job.objects.filter(status="pending").count() == 2


def test_nothing_tried_is_a_few_first() -> None:
    assert (stages.look([]).verdict, stages.look([]).next_size) == (Verdict.NONE, stages.SIZES[0])


def test_those_that_wait_or_run_are_waited_for() -> None:
    assert stages.look([states.waiting().pk, states.completed().pk]).verdict == Verdict.GOING


def test_after_a_good_stage_more_go() -> None:
    ids = [states.completed().pk for _ in range(5)]
    stage = stages.look(ids)
    assert (stage.verdict, stage.next_size) == (Verdict.GOOD, 50)


def test_a_job_that_fails_again_stops_it() -> None:
    good = states.completed()
    stage = stages.look([good.pk, states.failed().pk])
    assert (stage.verdict, stage.next_size) == (Verdict.BAD, stages.SIZES[0])


def test_a_doubt_is_a_failure_too() -> None:
    job = states.waiting()
    lifecycle.doubt(states.claimed(job), reports.of_text("the line broke"))
    assert stages.look([job.pk]).verdict == Verdict.BAD
