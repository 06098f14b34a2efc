"""What a worker's parent writes into the ledger: once, briefly, on a connection that no child inherits."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import DatabaseError, connection

from jobs import lifecycle, parent
from jobs.models import JobStatus
from tests.jobs.states import BROKEN, HERE, row, running

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def blocker() -> Iterator[psycopg.Connection]:
    """Somebody else's connection, whose locks end with it."""
    with psycopg.connect(**{**connection.get_connection_params(), "cursor_factory": psycopg.Cursor}) as other:
        yield other


def test_it_says_what_the_ledger_answered_and_keeps_no_connection() -> None:
    claim = running()
    status = parent.write(str(claim.id), lambda: lifecycle.lose(claim.id, HERE.name, HERE.pid, BROKEN, died=False))
    assert (status, connection.connection) == (JobStatus.RETRYING, None)
    assert row(claim.id).status == JobStatus.RETRYING


def test_what_the_database_does_not_take_is_left_to_the_dispatcher() -> None:
    def refused() -> None:
        raise DatabaseError("not now")

    assert parent.write("job", refused) is None
    assert connection.connection is None


@pytest.mark.only_on("postgresql")
def test_it_does_not_wait_for_a_lock(blocker: psycopg.Connection) -> None:
    claim = running()
    blocker.execute("SELECT 1 FROM jobs_job WHERE id = %s FOR UPDATE", [claim.id])
    lost = parent.write(str(claim.id), lambda: lifecycle.lose(claim.id, HERE.name, HERE.pid, BROKEN, died=False))
    assert lost is None
    blocker.rollback()
    assert row(claim.id).status == JobStatus.PROCESSING
