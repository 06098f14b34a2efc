"""A database that goes away in the middle of a run."""

import uuid
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, connection

from jobs import executor, identity, lifecycle, services
from jobs.outcomes import Completed
from tests.jobs.states import attempts, put, row, running

pytestmark = pytest.mark.django_db(transaction=True)


def cut() -> None:
    """End this process's own connection, from another one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    finally:
        other.close()


def test_a_lost_reply_to_a_claim_is_asked_for_again_with_the_same_token(monkeypatch: pytest.MonkeyPatch) -> None:
    job = put()
    tokens, real = [], lifecycle.claim

    def lose_the_first(job_id: uuid.UUID, who: identity.Identity, token: uuid.UUID) -> lifecycle.Claim | None:
        tokens.append(token)
        claim = real(job_id, who, token)
        if len(tokens) == 1:
            raise OperationalError("server closed the connection unexpectedly")
        return claim

    monkeypatch.setattr(lifecycle, "claim", lose_the_first)
    claim = executor.take(job.pk)
    assert claim is not None
    assert (claim.attempt, len(tokens), tokens[0]) == (1, 2, tokens[1])


def test_a_claim_that_fails_twice_leaves_the_job_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError("connection refused")

    job = put()
    with monkeypatch.context() as patch:
        patch.setattr(lifecycle, "claim", fail)
        with pytest.raises(OperationalError):
            executor.run(job.pk)
    assert (row(job.pk).status, row(job.pk).attempt) == ("pending", 0)


def test_a_database_that_is_away_while_settling_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    claim, real = running(), lifecycle.complete
    tries = []

    def fail_twice(outcomes: Any) -> set[uuid.UUID]:
        tries.append(outcomes)
        if len(tries) < 3:
            raise OperationalError("the database system is starting up")
        return real(outcomes)

    monkeypatch.setattr(lifecycle, "complete", fail_twice)
    monkeypatch.setattr(executor, "PAUSE", 0)
    executor.settle(claim, Completed("1"))
    assert (row(claim.id).status, len(tries)) == ("completed", 3)


def test_a_soft_limit_that_strikes_while_settling_undoes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    claim, real = running(), lifecycle.complete
    tries = []

    def strike_once(outcomes: Any) -> set[uuid.UUID]:
        tries.append(outcomes)
        if len(tries) == 1:
            raise SoftTimeLimitExceeded
        return real(outcomes)

    monkeypatch.setattr(lifecycle, "complete", strike_once)
    assert executor.settle(claim, Completed("1")) == Completed("1")
    assert (row(claim.id).status, len(tries)) == ("completed", 2)


def test_after_the_jobs_time_settling_is_left_to_rescue(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError("connection refused")

    claim = running(time_limit=0.001)
    monkeypatch.setattr(lifecycle, "complete", fail)
    monkeypatch.setattr(executor, "PAUSE", 0.01)
    with pytest.raises(OperationalError):
        executor.settle(claim, Completed("1"))
    assert row(claim.id).status == "processing"


def test_connections_that_are_cut_cost_a_job_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "postgresql":
        connection.close()  # SQLite has none that could be cut; a closed one is the nearest thing
        monkeypatch.setattr("tests.jobs.test_connections.cut", connection.close)
    monkeypatch.setattr(executor, "PAUSE", 0)
    job = services.enqueue("echo", {"value": 1})
    cut()
    claim = executor.take(job.pk)
    assert claim is not None
    cut()
    assert isinstance(executor.run_claimed(claim), Completed)
    job = row(job.pk)
    assert (job.status, job.attempt, job.failures, attempts(job.pk)) == ("completed", 1, 0, [])
