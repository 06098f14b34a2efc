"""Two processes wanting the same job at the same moment, each on a database connection of its own."""

import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TypeVar

import pytest
from django.db import connection, transaction

from jobs import audit, clock, lifecycle, schedule, services
from jobs.errors import Superseded
from jobs.models import AuditEntry, Job, Schedule
from tests.jobs.states import BROKEN, HERE, THERE, attempts, ended, put, row, running, take, wish

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 10
T = TypeVar("T")


def together(*acts: Callable[[], T]) -> list[T | BaseException]:
    """Do all at once, each in a thread with its own connection; the answers, or what was raised."""
    start = threading.Barrier(len(acts))
    answers: list[T | BaseException] = [RuntimeError("did not run")] * len(acts)

    def run(index: int, act: Callable[[], T]) -> None:
        try:
            connection.ensure_connection()
            start.wait(10)
            answers[index] = act()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            answers[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index, act)) for index, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_many_who_claim_one_wins() -> None:
    for job in [put() for _ in range(ROUNDS)]:
        answers = together(*[partial(lifecycle.claim, job.pk, HERE, uuid.uuid4()) for _ in range(6)])
        [won] = [one for one in answers if one is not None]
        assert isinstance(won, lifecycle.Claim)
        assert (row(job.pk).attempt, row(job.pk).claim) == (1, won.token)


def test_a_job_is_cancelled_or_claimed_never_both() -> None:
    for job in [put() for _ in range(ROUNDS)]:
        claimed, status = together(
            partial(lifecycle.claim, job.pk, HERE, uuid.uuid4()),
            partial(lifecycle.cancel, job.pk, by="ann", reason=""),
        )
        assert (claimed is None) == (status == "cancelled")
        assert row(job.pk).status == ("cancelled" if claimed is None else "processing")


def test_an_attempt_is_settled_by_its_process_or_by_rescue() -> None:
    for claim in [running() for _ in range(ROUNDS)]:
        done, rescued = together(
            partial(lifecycle.complete, [(claim, "1")]), partial(lifecycle.rescue, row(claim.id), "gone", died=True)
        )
        assert (done == {claim.id}) != rescued
        assert row(claim.id).status == ("retrying" if rescued else "completed")


def test_two_who_settle_the_same_attempt_leave_one_trace() -> None:
    claim = running()
    answers = together(lambda: lifecycle.retry(claim, BROKEN), lambda: lifecycle.fail(claim, BROKEN))
    assert sum(isinstance(one, Superseded) for one in answers) == 1
    assert len(attempts(claim.id)) == 1


def test_a_key_given_by_many_at_once_makes_one_job() -> None:
    answers = together(*[lambda: services.enqueue("echo", {"value": 1}, key="k").pk for _ in range(6)])
    assert len(set(answers)) == 1
    assert Job.objects.filter(key="k").count() == 1


def test_two_dispatchers_never_ring_the_same_doorbell() -> None:
    for _ in range(40):
        put()
    answers = together(*[lambda: [due.id for due in lifecycle.ring_due("email", 40)] for _ in range(4)])
    rung = [one for answer in answers if isinstance(answer, list) for one in answer]
    assert len(rung) == len(set(rung)) == 40


def test_a_tick_is_fired_once_by_dispatchers_that_all_believe_to_lead() -> None:
    due = clock.now() - timedelta(seconds=1)
    for number in range(3):
        Schedule.objects.create(name=str(number), task="echo", every=3600, overlap="allow", next_tick=due)
    answers = together(*[schedule.run_once for _ in range(4)])
    assert sum(answer for answer in answers if isinstance(answer, int)) == 3
    assert Job.objects.filter(schedule__isnull=False).count() == 3


def test_acts_recorded_at_once_follow_each_other() -> None:
    together(*[lambda: audit.record("pause", "queue email", by="ann").pk for _ in range(5)])
    assert AuditEntry.objects.values("previous_hash").distinct().count() == AuditEntry.objects.count() == 5
    assert audit.check().broken is None


def test_jobs_of_a_kind_run_again_by_two_at_once_are_one() -> None:
    slot = {"unique_key": "k", "unique_scope": "running", "unique_slot": "k"}
    jobs = [ended("dead", **slot) for _ in range(2)]
    answers = together(*[partial(lifecycle.replay_many, [job.pk], by="ann", reason="") for job in jobs])
    done = [len(answer.done) for answer in answers if isinstance(answer, lifecycle.Replayed)]
    assert sorted(done) == [0, 1]


def test_who_rings_second_passes_over_what_is_being_rung() -> None:
    jobs = {put().pk for _ in range(4)}
    rung, done = threading.Event(), threading.Event()

    def first() -> set[uuid.UUID]:
        with transaction.atomic():
            mine = {due.id for due in lifecycle.ring_due("email", 2)}
            rung.set()
            if connection.vendor == "postgresql":  # on SQLite the second waits for the one write lock
                done.wait(20)
        return mine

    def second() -> set[uuid.UUID]:
        rung.wait(20)
        others = {due.id for due in lifecycle.ring_due("email", 4)}
        done.set()
        return others

    mine, others = together(first, second)
    assert isinstance(mine, set)
    assert isinstance(others, set)
    assert (len(mine), mine & others, mine | others) == (2, set(), jobs)


def test_a_job_is_run_again_once_by_two_who_ask() -> None:
    job = put()
    lifecycle.cancel(job.pk, by="ann", reason="")
    answers = together(*[lambda: lifecycle.replay(job.pk, by="ann", reason="") for _ in range(3)])
    assert sorted(map(bool, answers)) == [False, False, True]


def test_a_job_that_is_not_committed_cannot_be_claimed() -> None:
    new = wish()
    with transaction.atomic():
        lifecycle.insert([new])
        if connection.vendor == "sqlite":  # its one writer would have to wait for us
            return
        assert together(lambda: lifecycle.claim(new.id, THERE, uuid.uuid4())) == [None]
    take(row(new.id))
