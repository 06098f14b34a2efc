"""A time limit may strike while the database is waited for: the connection is unusable then, the job is settled."""

import signal
from collections.abc import Iterator

import psycopg
import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection

from jobs import executor, services
from jobs.models import Job, JobStatus
from jobs.queues import email_queue
from tests.jobs.states import row

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.only_on("postgresql"),
    pytest.mark.usefixtures("forgotten_tasks", "no_ringing"),
]


@pytest.fixture
def blocker() -> Iterator[psycopg.Connection]:
    """Somebody else's connection, whose locks end with it."""
    parameters = {**connection.get_connection_params(), "cursor_factory": psycopg.Cursor}
    with psycopg.connect(**parameters) as other:
        yield other


@pytest.mark.parametrize("raw", [True, False], ids=["a hot statement", "Django's cursor"])
def test_a_limit_that_strikes_while_a_statement_waits_is_settled(blocker: psycopg.Connection, raw: bool) -> None:
    def strike(*_: object) -> None:
        blocker.rollback()  # so that settling is not held up, too
        raise SoftTimeLimitExceeded

    @email_queue.task()
    def wait_for_a_lock() -> None:
        blocker.execute("LOCK TABLE jobs_job IN ACCESS EXCLUSIVE MODE")
        signal.signal(signal.SIGALRM, strike)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        services.enqueue("echo", {"value": 1}) if raw else Job.objects.count()

    job = services.enqueue("wait_for_a_lock")
    executor.run(job.pk)
    job = row(job.pk)
    assert (job.status, job.error_class) == (JobStatus.RETRYING, "SoftTimeLimitExceeded")
    assert services.enqueue("echo", {"value": 2}).pk  # this process goes on
