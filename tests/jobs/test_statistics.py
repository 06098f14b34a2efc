"""Each end of a job is counted once, in the tally that grows for ever and in its slice of time."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction

from jobs import clock, services, statistics
from jobs.clock import Now
from jobs.models import Counted, Job, Slice, Tally
from tests.jobs.states import alter, in_state, put, row, running

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def begun() -> Iterator[None]:
    """Counting begins with the first run."""
    assert statistics.run_once() == 0
    yield
    clock.shift(timedelta())


def later(seconds: float = 60) -> int:
    """Counts as the dispatcher does so much later."""
    clock.shift(clock._offset + timedelta(seconds=seconds))
    return statistics.run_once()


def test_each_end_is_counted_once() -> None:
    in_state("completed"), in_state("completed"), in_state("dead"), put(), running()
    assert [later(), later(), later()] == [3, 0, 0]
    assert {tally.outcome: tally.jobs for tally in Tally.objects.all()} == {"completed": 2, "dead": 1}
    assert [sum(part.jobs for part in Slice.objects.filter(width=width)) for width in statistics.WIDTHS] == [3, 3, 3]


def test_tallies_grow() -> None:
    in_state("completed")
    later()
    in_state("completed")
    later()
    tally = Tally.objects.get()
    assert (tally.jobs, tally.started, sum(tally.runs), sum(tally.totals)) == (2, 2, 2, 2)


def test_a_job_that_ended_just_now_is_counted_when_its_commit_is_surely_seen() -> None:
    in_state("completed")
    assert [later(statistics.BEHIND / 2), later(statistics.BEHIND)] == [0, 1]


def test_times_are_told_apart() -> None:
    job = in_state("completed")
    alter(job, created_at=Now(-100), run_at=Now(-90), started_at=Now(-50), finished_at=Now())
    later()
    tally = Tally.objects.get()
    assert [round(time) for time in (tally.wait_sum, tally.run_sum, tally.total_sum)] == [40, 50, 100]
    assert statistics.quantile(tally.waits, 0.5) == statistics.quantile(tally.runs, 0.5) == 60


def test_a_job_that_never_ran_has_neither_wait_nor_run() -> None:
    services.cancel(put().pk)
    later()
    tally = Tally.objects.get()
    assert (tally.jobs, tally.started, sum(tally.waits), sum(tally.totals)) == (1, 0, 0, 1)


def test_a_job_that_was_cancelled_while_it_waited_for_a_retry_did_not_run_so_long() -> None:
    services.cancel(in_state("retrying").pk)
    later()
    assert Tally.objects.get().started == 0


def test_a_long_pause_of_the_dispatcher_is_caught_up_in_steps() -> None:
    in_state("completed")
    clock.shift(timedelta(minutes=12))
    in_state("completed")
    counted = [later() for _ in range(5)]
    assert (sum(counted), len([count for count in counted if count])) == (2, 2)


def test_what_is_rolled_back_is_counted_again() -> None:
    in_state("completed")
    clock.shift(timedelta(minutes=1))
    try:
        with transaction.atomic():
            assert statistics.run_once() == 1
            raise InterruptedError
    except InterruptedError:
        pass
    assert (statistics.run_once(), Tally.objects.get().jobs) == (1, 1)


def test_slices_begin_at_their_width_and_go_after_a_week() -> None:
    in_state("completed")
    later()
    begun = {part.width: part.at.timestamp() % (part.width * 60) for part in Slice.objects.all()}
    assert begun == {
        5: 0,
        30: 0,
        180: 0,
    }
    later(9 * 86_400)
    for _ in range(3):
        later()
    assert not Slice.objects.exists()
    assert Tally.objects.get().jobs == 1


def test_counting_begins_where_it_is_switched_on() -> None:
    Counted.objects.all().delete()
    alter(in_state("completed"), finished_at=Now(-3600))
    assert [statistics.run_once(), later()] == [0, 0]


@pytest.mark.parametrize(
    ("counts", "share", "expected"),
    [([], 0.5, None), ([0] * 17, 0.5, None), ([1] + [0] * 16, 0.95, 0.01), ([0] * 16 + [1], 0.5, float("inf"))],
)
def test_a_quantile_is_a_bound(counts: list[int], share: float, expected: float | None) -> None:
    assert statistics.quantile(counts, share) == expected


def test_a_job_that_runs_again_ends_twice() -> None:
    job = in_state("dead")
    later()
    services.retry(job.pk)
    assert (row(job.pk).finished_at, later()) == (None, 0)
    services.cancel(job.pk)
    assert later() == 1
    assert Job.objects.count() == 1
