"""The disk is full: callers are told so, what was accepted is done when there is room again."""

from collections.abc import Iterator

import pytest
from django.db import DatabaseError, connection

from jobs import executor
from jobs.models import Job
from jobs.services import enqueue

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def full_disk() -> Iterator[None]:
    """SQLite may not grow; on PostgreSQL this cannot be said of one database."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA page_count")
            [pages] = cursor.fetchone()
            cursor.execute(f"PRAGMA max_page_count = {pages}")
    else:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on")
    yield
    connection.close()


def test_a_caller_is_told_and_nothing_is_half_accepted(full_disk: None) -> None:
    accepted: set[str] = set()
    with pytest.raises(DatabaseError, match=r"full|read-only"):
        fill(accepted)
    connection.close()
    job = enqueue("echo", {"value": 1}, key="after")
    assert set(Job.objects.values_list("key", flat=True)) == accepted | {"after"}
    executor.run(job.pk)
    job.refresh_from_db()
    assert job.status == "completed"


def fill(accepted: set[str]) -> None:
    for number in range(200):
        enqueue("echo", {"value": "x" * 60_000}, key=str(number))
        accepted.add(str(number))
