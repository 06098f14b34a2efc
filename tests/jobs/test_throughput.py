"""The last while, as the slices tell it."""

from datetime import timedelta

import pytest

from jobs import throughput
from jobs.clock import Now
from jobs.models import Slice
from jobs.queues import QUEUES
from jobs.statistics import BOUNDS, WIDTHS

pytestmark = pytest.mark.django_db

HOUR, STEP = throughput.PERIODS["hour"]


def ended(outcome: str = "completed", jobs: int = 1, ago: float = 60, queue: str = "email", bound: float = 1) -> None:
    """Jobs that ended so long ago, each of whose times was at most so many seconds."""
    counts = [jobs if one == bound else 0 for one in (*BOUNDS, None)]
    for width in WIDTHS:
        Slice.objects.create(
            at=Now(-ago), width=width, queue=queue, task=f"task {ago} {outcome}", outcome=outcome, jobs=jobs,
            started=jobs, waits=counts, runs=counts, totals=counts,
        )  # fmt: skip


def test_nothing_ended_is_said_of_each_queue() -> None:
    found = throughput.of_queues(HOUR)
    assert list(found) == list(QUEUES)
    assert (found["ai"].ended, found["ai"].failure_rate, found["ai"].wait_95) == (0, 0.0, None)


def test_what_ended_is_summed_over_tasks_and_outcomes() -> None:
    ended(jobs=18)
    ended("dead")
    ended("failed", ago=120)
    ended(ago=7200)
    ended(queue="crm")
    email = throughput.of_queues(HOUR)["email"]
    assert (email.ended, email.failed, email.failure_rate) == (20, 2, 0.1)


def test_half_and_ninety_five_of_a_hundred_are_told_apart() -> None:
    ended(jobs=90, bound=0.1)
    ended(jobs=10, ago=120, bound=60)
    email = throughput.of_queues(HOUR)["email"]
    assert (email.wait_median, email.wait_95, email.run_95, email.total_95) == (0.1, 60, 60, 60)


@pytest.mark.parametrize(("period", "points"), [("hour", 12), ("day", 48), ("week", 56)])
def test_a_chart_has_a_point_for_each_step(period: str, points: int) -> None:
    ended(jobs=3)
    ended("dead", jobs=2)
    lines = throughput.past(*throughput.PERIODS[period])
    assert {len(line.points) for line in lines.values()} == {points}
    line = lines["email"].points
    assert (sum(point.ended for point in line), sum(point.failed for point in line)) == (5, 2)
    assert [point.at for point in line] == sorted(point.at for point in line)
    assert line[1].at - line[0].at == throughput.PERIODS[period][1] >= timedelta(minutes=5)


@pytest.mark.parametrize("period", throughput.PERIODS)
def test_each_period_is_read_from_slices_of_one_width(period: str) -> None:
    ended(jobs=3)
    span, step = throughput.PERIODS[period]
    assert step in [timedelta(minutes=width) for width in WIDTHS]
    assert throughput.of_queues(span)["email"].ended == 3
