"""What a running task may ask and say about its own job."""

import pytest

from jobs import context, lifecycle
from jobs.errors import Cancelled, Superseded
from tests.jobs.states import HERE, THERE, row, running, take

pytestmark = pytest.mark.django_db


def test_outside_a_job_every_call_is_a_no_op() -> None:
    context.progress(1, 2, "nothing")
    context.check_cancel()
    assert context.current() is None


def test_progress_is_kept_at_once_and_then_at_most_twice_a_second() -> None:
    claim = running()
    with context.running(claim):
        context.progress(1, 10)
        context.progress(2, 10)
        assert row(claim.id).progress_current == 1
        context.progress(10, 10)
    assert (row(claim.id).progress_current, row(claim.id).percent) == (10, 100.0)


def test_a_cancel_that_was_asked_is_raised_by_the_next_progress() -> None:
    claim = running()
    lifecycle.cancel(claim.id, by="ann", reason="")
    with context.running(claim), pytest.raises(Cancelled):
        context.progress(1, 10)
    with context.running(claim), pytest.raises(Cancelled):
        context.check_cancel()


def test_an_attempt_that_was_superseded_is_told_so() -> None:
    claim = running()
    lifecycle.release(claim.id, HERE.name, HERE.pid, "presumed dead")
    take(row(claim.id), THERE)
    with context.running(claim), pytest.raises(Superseded):
        context.progress(1, 10)


def test_a_run_knows_how_much_of_its_time_is_left() -> None:
    with context.running(running(soft_time_limit=100)) as here:
        assert 0 < here.remaining() <= 100
    assert context.current() is None
