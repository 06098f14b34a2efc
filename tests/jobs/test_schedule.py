"""Schedules: each tick makes one job."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from jobs import schedule
from jobs.models import Job, Schedule
from jobs.testing import FrozenClock, frozen_clock
from jobs.testing.frozen import current
from tests.jobs.states import take

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def stopped() -> Iterator[FrozenClock]:
    with frozen_clock(NOON) as stopped:
        yield stopped


def hourly(**changes: object) -> Schedule:
    given: dict[str, object] = {"name": "hourly", "task": "echo", "arguments": {"value": 1}, "cron": "0 * * * *"}
    return Schedule.objects.create(**given | {"next_tick": NOON} | changes)


def at(moment: datetime) -> int:
    current().advance_to(moment)
    return schedule.run_once()


def test_a_new_schedule_waits_for_its_first_tick() -> None:
    new = hourly(next_tick=None)
    assert schedule.run_once() == 0
    new.refresh_from_db()
    assert new.next_tick == NOON + timedelta(hours=1)


def test_a_tick_is_fired_once_however_often_it_is_looked_at() -> None:
    made = hourly()
    assert (schedule.run_once(), schedule.run_once()) == (1, 0)
    assert schedule.fire(made, NOON).pk == Job.objects.get().pk


def test_a_tick_that_another_dispatcher_has_fired_meanwhile_is_not_fired_again() -> None:
    made = hourly(overlap="allow")
    schedule.run_once()
    assert schedule._tick(made.pk) == 0
    assert Job.objects.count() == 1


def test_a_schedule_that_was_paused_meanwhile_does_not_tick() -> None:
    assert schedule._tick(hourly(paused=True).pk) == 0


def test_a_paused_schedule_does_not_tick() -> None:
    hourly(paused=True)
    assert schedule.run_once() == 0


@pytest.mark.parametrize(("missed", "jobs"), [("skip", 1), ("once", 1), ("all", 4)])
def test_missed_ticks_are_made_up_for_as_the_schedule_says(missed: str, jobs: int) -> None:
    hourly(missed=missed, overlap="allow")
    assert at(NOON + timedelta(hours=3)) == jobs


def test_of_missed_ticks_none_is_fired_late_when_they_are_skipped() -> None:
    hourly(missed="skip")
    assert at(NOON + timedelta(hours=3, minutes=5)) == 0


@pytest.mark.parametrize(("overlap", "jobs"), [("skip", 1), ("allow", 2), ("queue_one", 1)])
def test_a_tick_while_the_last_job_waits_follows_the_overlap_policy(overlap: str, jobs: int) -> None:
    hourly(overlap=overlap)
    schedule.run_once()
    at(NOON + timedelta(hours=1))
    assert Job.objects.count() == jobs


def test_one_may_queue_behind_the_one_that_runs() -> None:
    hourly(overlap="queue_one")
    schedule.run_once()
    take(Job.objects.get())
    assert at(NOON + timedelta(hours=1)) == 1


def test_cron_follows_the_wall_clock_over_a_change_of_summer_time() -> None:
    daily = hourly(cron="30 9 * * *", time_zone="Europe/Berlin")
    first, second = schedule.preview(daily, 2)
    assert (first.hour, second.hour) == (9, 9)
    assert second.astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=24)
    assert first.astimezone(UTC).hour == 7  # the change was in the night before


def test_an_interval_counts_from_the_creation() -> None:
    every = hourly(cron="", every=600)
    every.created_at = NOON - timedelta(minutes=3)
    assert schedule.preview(every, 2) == [NOON + timedelta(minutes=7), NOON + timedelta(minutes=17)]


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("cron", {"cron": "every day"}),
        ("cron", {"cron": "", "every": None}),
        ("time_zone", {"time_zone": "Mars/Olympus"}),
        ("task", {"task": "no_such_task"}),
        ("arguments", {"arguments": {"wrong": 1}}),
    ],
)
def test_what_could_never_tick_is_refused_by_name(field: str, changes: dict[str, object]) -> None:
    given = {"name": "x", "task": "echo", "arguments": {"value": 1}, "cron": "0 * * * *"}
    with pytest.raises(ValidationError) as refusal:
        Schedule(**given | changes).clean()
    assert field in refusal.value.message_dict


def test_a_schedule_whose_task_is_gone_does_not_stop_the_others() -> None:
    hourly(name="gone", task="no_such_task")
    hourly(name="well")
    assert schedule.run_once() == 1
