"""What PostgreSQL keeps prepared survives rollbacks, errors and new connections."""

import uuid
from contextlib import closing
from typing import Any

import pytest
from django.db import DataError, OperationalError, connection, transaction

from jobs import lifecycle, sql
from jobs.models import Job
from jobs.sql import prepared
from tests.jobs.states import HERE, put, wish

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.only_on("postgresql")]  # SQLite prepares for itself


def kept() -> int:
    """How many of the ledger's statements this connection keeps."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'jobs%'")
        return int(cursor.fetchone()[0])


def test_a_statement_is_prepared_once() -> None:
    before = kept()
    put()
    once = kept()
    put(owner_id=2**40, key="order-1", priority=0)  # values of other types and sizes
    assert (kept(), once) == (once, max(before, once))
    assert Job.objects.filter(owner_id=2**40, key="order-1", priority=0).count() == 1


def test_it_is_still_there_after_a_rollback() -> None:
    put()
    with transaction.atomic():
        put(owner_id=1)
        transaction.set_rollback(True)
    put(owner_id=2)
    assert list(Job.objects.values_list("owner_id", flat=True).order_by("owner_id")) == [2, None]


def test_a_transaction_that_begins_with_it_can_be_rolled_back() -> None:
    with transaction.atomic():
        put(key="kept")
    with transaction.atomic():
        put(key="undone")
        transaction.set_rollback(True)
    assert list(Job.objects.values_list("key", flat=True)) == ["kept"]


def test_a_new_connection_prepares_it_anew() -> None:
    put()
    connection.close()
    job = put()
    assert lifecycle.claim(job.pk, HERE, uuid.uuid4()) is not None
    assert kept() == 2


def test_an_error_is_djangos_and_the_connection_goes_on() -> None:
    for _ in range(2):  # while it is prepared, and after
        with pytest.raises(DataError):
            lifecycle.insert([wish(task="x" * 200)])
    assert put().task == "echo"


def test_a_server_that_hangs_up_is_a_lost_connection() -> None:
    job = put()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    other = connection.copy()
    with closing(other), other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    with pytest.raises(OperationalError):
        lifecycle.claim(job.pk, HERE, uuid.uuid4())
    connection.close()
    assert lifecycle.claim(job.pk, HERE, uuid.uuid4()) is not None


def test_values_come_back_as_the_cursor_gives_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {"queue": "email", "grace": 0, "grace_limit": 0, "limit": 5}
    job = put(priority=3)
    rung = sql.fetch("ring", asked)
    monkeypatch.setattr(prepared, "_has_to_begin", lambda _: True)
    assert [(*row[:3], *map(type, row)) for row in rung] == [
        (*row[:3], *map(type, row)) for row in sql.fetch("ring", asked)
    ]
    assert rung[0][:3] == (3, job.created_at, job.pk)
