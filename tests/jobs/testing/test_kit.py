"""The testing kit: what it asserts, runs, stops and crashes."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.db import transaction
from django.test import TestCase

from jobs import batches, clock, doorbell, executor, identity, lifecycle, services
from jobs.errors import Refused, UnknownTask
from jobs.models import Effect, Job, Schedule, TaskControl
from jobs.outcomes import Again, Completed, Later
from jobs.queues import email_queue
from jobs.testing import (
    POINTS,
    Crashed,
    FrozenClock,
    assert_enqueued,
    assert_not_enqueued,
    crash,
    drain,
    enqueued,
    frozen_clock,
    no_ringing,
    run_job,
)
from jobs.testing.draining import Ran
from jobs.uniqueness import Unique
from tests.jobs.states import result, row

pytestmark = pytest.mark.django_db


def echo(value: Any = None, **options: Any) -> Job:
    return services.enqueue("echo", {"value": value}, **options)


def seen(ran: list[Ran]) -> list[Any]:
    return [run.job.arguments["value"] for run in ran]


def test_enqueued_jobs_are_found_by_a_part_of_their_arguments() -> None:
    first, second = echo({"to": "jo", "cc": ["al"]}), echo({"to": "ann"}, delay=60)
    assert enqueued("echo") == [first, second]
    assert enqueued("echo", {"value": {"to": "jo"}}) == [first]
    assert enqueued("echo", {"value": {"to": mock.ANY}}, queue="email") == [first, second]
    assert enqueued("echo", delay=60) == assert_enqueued("echo", delay=60, count=1) == [second]
    assert (
        enqueued("echo", {"value": {"cc": []}}) == enqueued("echo", {"other": 1}) == enqueued("echo", queue="ai") == []
    )


def test_what_was_rolled_back_was_not_enqueued() -> None:
    with transaction.atomic():
        echo()
        transaction.set_rollback(True)
    assert_not_enqueued("echo")


def test_a_failed_assertion_says_what_was_enqueued_instead() -> None:
    echo({"to": "jo"}, delay=60)
    with pytest.raises(AssertionError, match=r"2 wanted of echo; enqueued: 1.\n  echo .*'jo'.* on email, delay 60"):
        assert_enqueued("echo", count=2)
    with pytest.raises(AssertionError, match=r"at least one wanted of add, queue='ai'; enqueued: 0.\n  1 of echo"):
        assert_enqueued("add", queue="ai")
    with pytest.raises(AssertionError, match="0 wanted of echo"):
        assert_not_enqueued("echo")


def test_a_task_that_is_mistyped_is_an_error_not_an_absence() -> None:
    with pytest.raises(UnknownTask, match="'ecko'"):
        assert_not_enqueued("ecko")


def test_what_is_due_runs_in_order_with_what_it_enqueues() -> None:
    echo("late"), echo("first", priority=0), echo("later"), echo("not yet", delay=60)
    services.enqueue("enqueue_child", priority=1)
    ran = drain()
    assert [run.job.task for run in ran] == ["echo", "enqueue_child", "echo", "echo", "echo"]
    assert {run.job.status for run in ran} == {"completed"}
    assert [run.job.arguments.get("value") for run in ran] == ["first", None, "late", "later", "child"]


def test_only_the_queues_that_are_named_are_drained() -> None:
    echo(1), services.enqueue("add", {"a": 1, "b": 2})
    assert [run.outcome for run in drain("ai")] == [Completed("3")]
    assert seen(drain()) == [1]


def test_no_broker_hears_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "push", mock.Mock(side_effect=AssertionError("rung")))
    with no_ringing():
        assert echo().dispatch_at is not None
    services.enqueue("enqueue_child", delay=0)
    assert len(drain()) == 3


def test_a_failure_is_raised_with_the_tasks_own_traceback() -> None:
    services.enqueue("answer", {"with_": "error"})
    with pytest.raises(AssertionError, match=r"(?s)answer .* is retrying after attempt 1: bad value.*in _raise"):
        drain()


def test_a_failure_that_is_expected_is_an_outcome() -> None:
    services.enqueue("answer", {"with_": "error"})
    [run] = drain(check=False)
    assert (type(run.outcome), run.job.status, run.job.error_class) == (Again, "retrying", "ValueError")


def test_a_loop_without_an_end_is_an_error_that_names_it() -> None:
    @email_queue.task()
    def snoozer() -> None:
        services.enqueue("snoozer")

    services.enqueue("snoozer")
    with pytest.raises(AssertionError, match=r"20 runs and more is due: snoozer \(20\)"):
        drain(at_most=20)


def test_what_is_paused_or_unknown_or_waits_behind_another_does_not_hang_it() -> None:
    TaskControl.objects.create(name="add", paused=True)
    services.enqueue("add", {"a": 1, "b": 1})
    latest = [echo(n, unique=Unique("k", while_="latest")) for n in range(2)]
    lifecycle.claim(latest[0].pk, identity.current(), latest[0].pk)
    echo(2, unique=Unique("k", while_="latest"))
    echo(3)
    assert seen(drain()) == [3]


def test_a_batchs_callback_and_a_schedules_tick_run_too(jobs_clock: FrozenClock) -> None:
    batch = batches.create("numbers", on_complete=("echo", {"value": "all done"}))
    services.enqueue_many("echo", [{"value": 1}], batch_id=batch.pk)
    batches.close(batch.pk)
    Schedule.objects.create(name="hourly", task="echo", arguments={"value": "tick"}, every=3600)
    assert seen(drain()) == [1, "all done"]
    jobs_clock.advance(3601)
    assert seen(drain()) == ["tick"]


def test_one_job_is_run_whatever_else_is_due() -> None:
    other, job = echo("other", priority=0), echo("this")
    assert run_job(job) is job
    assert (job.status, row(other.pk).status) == ("completed", "pending")
    with pytest.raises(AssertionError, match="echo is completed, not before"):
        run_job(job)


def test_a_job_that_is_run_has_its_wait_behind_it(jobs_clock: FrozenClock) -> None:
    job = run_job(services.enqueue("answer", {"with_": "retry"}, delay=3600))
    assert (job.status, run_job(job).failures) == ("retrying", 2)


def test_a_clock_that_stands_still_moves_only_when_told(jobs_clock: FrozenClock) -> None:
    job = echo("later", delay=60)
    assert (job.run_at - job.created_at, clock.now() - job.created_at) == (timedelta(seconds=60), timedelta())
    jobs_clock.advance(59)
    assert drain() == []
    jobs_clock.advance(1)
    assert seen(drain()) == ["later"]


def test_waits_are_skipped_over_retries_and_snoozes(jobs_clock: FrozenClock, tmp_path: Path) -> None:
    services.enqueue("leave_mark", {"path": str(tmp_path / "marks"), "times_to_fail": 2}, delay=100)
    before = jobs_clock.now
    ran = drain(check=False, skip_waits=True)
    assert [run.job.status for run in ran] == ["retrying", "retrying", "completed"]
    assert timedelta(seconds=250) <= jobs_clock.now - before <= timedelta(seconds=281)  # 100 + 30 + 120, and jitter


def test_waits_are_skipped_only_with_a_clock_that_stands_still() -> None:
    echo(delay=60)
    with pytest.raises(Refused, match="The clock runs"):
        drain(skip_waits=True)


@pytest.mark.parametrize("at", [None, datetime(2030, 1, 7, 7, tzinfo=UTC)])
def test_the_clock_goes_on_after_the_block(at: datetime | None) -> None:
    before = clock.now()
    with frozen_clock(at) as stopped:
        assert abs((clock.now() - stopped.now).total_seconds()) < 0.01
        stopped.advance(10**6)
    assert clock.now() - before < timedelta(hours=1)


def test_a_clock_is_stopped_once_and_goes_only_forward() -> None:
    with frozen_clock() as stopped:
        with pytest.raises(Refused, match="stands still already"), frozen_clock():
            pytest.fail("it was stopped twice")
        with pytest.raises(Refused, match="does not go back"):
            stopped.advance(-1)
    with pytest.raises(Refused, match="no time zone"), frozen_clock(datetime(2030, 1, 1)):  # noqa: DTZ001 - the point
        pytest.fail("it has no zone")


@pytest.mark.parametrize("at", [point for point in POINTS if point != "after checkpoint"])
def test_a_job_survives_a_crash_anywhere_and_its_effect_happens_once(at: str, tmp_path: Path) -> None:
    (tmp_path / "shop").touch()
    job = services.enqueue("buy", {"shop": str(tmp_path / "shop")})
    with crash(at):
        ran = drain()
    assert (row(job.pk).status, ran[0].outcome) == ("completed", None)
    assert row(job.pk).deaths == (at != "after settle")
    assert (tmp_path / "shop").read_text() == f"buy:{job.pk}\n"


def test_a_crash_leaves_what_a_dead_process_leaves(tmp_path: Path) -> None:
    (tmp_path / "shop").touch()
    job = services.enqueue("buy", {"shop": str(tmp_path / "shop")})
    with pytest.raises(Crashed), crash("after effect"):
        executor.run(job.pk)
    assert (row(job.pk).status, row(job.pk).attempts.count()) == ("processing", 0)
    assert Effect.objects.get().status == "attempting"


def test_a_job_goes_on_from_the_checkpoint_that_a_crash_left() -> None:
    job = services.enqueue("copy_pages", {"pages": 3})
    with crash("after checkpoint"):
        drain()
    assert result(job.pk).result == "[1, 2]"


def test_a_job_that_crashes_twice_is_put_aside() -> None:
    job = echo()
    with crash("after claim", times=2):
        drain()
    assert (row(job.pk).status, row(job.pk).deaths) == ("dead", 2)


def test_an_atomic_tasks_writes_go_with_its_crash() -> None:
    job = services.enqueue("rename_user", {"username": "ann", "to": "bob"})
    with crash("before settle", task="rename_user"):
        ran = drain()
    assert [run.outcome for run in ran] == [None, Completed('"bob"')]
    assert row(job.pk).attempt == 2


def test_a_crash_that_never_comes_is_a_failure() -> None:
    echo()
    with pytest.raises(AssertionError, match="1 of 1 crashes before effect did not come"), crash("before effect"):
        drain()
    with pytest.raises(Refused, match="Points: after claim"), crash("sometime"):
        pytest.fail("there is no such point")


class InATestCase(TestCase):
    """The same without pytest."""

    def test_a_job_with_an_effect_runs_inside_the_cases_transaction(self) -> None:
        stopped = self.enterContext(frozen_clock())
        shop = self.enterContext(tempfile.NamedTemporaryFile())
        services.enqueue("answer", {"with_": "snooze"})
        services.enqueue("buy", {"shop": shop.name})
        later, done = drain()
        assert (type(later.outcome), done.job.status) == (Later, "completed")
        stopped.advance(9)
        assert len(drain()) == 1
