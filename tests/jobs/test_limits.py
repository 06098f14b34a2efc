"""Time limits where no parent watches the process that runs a job."""

import threading
from contextlib import suppress

import celery
import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection

from jobs import direct, limits, services
from jobs.models import JobStatus
from jobs.queues import email_queue
from tests.jobs.states import row

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("forgotten_tasks", "no_ringing"),
]

FOR_EVER = 60.0  # seconds, of a wait that is to be broken off
ENDED = threading.Event()


@pytest.fixture
def exits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What this process would have ended with; the stuck task goes on instead."""
    codes: list[int] = []

    def note(code: int) -> None:
        codes.append(code)
        connection.close()  # of the thread that would have ended everything
        ENDED.set()

    ENDED.clear()
    monkeypatch.setattr("jobs.limits.os._exit", note)
    return codes


def declare_stuck() -> None:
    @email_queue.task()
    def stuck() -> bool:
        with suppress(SoftTimeLimitExceeded):
            return ENDED.wait(FOR_EVER)
        return ENDED.wait(FOR_EVER)


def rung(task: str, job_id: object) -> None:
    """As a pool of threads, or one without any, has a message run."""
    celery.current_app.tasks[task].push_request(id=str(job_id), called_directly=False)
    try:
        with suppress(celery.exceptions.Ignore, celery.exceptions.Retry):
            celery.current_app.tasks[task]()
    finally:
        celery.current_app.tasks[task].pop_request()
        connection.close()


def test_a_soft_limit_is_raised_in_the_task() -> None:
    job = services.enqueue("meet_soft_limit", soft_time_limit=0.2)
    assert direct.run_due(["email"], stop=threading.Event()) == 1
    assert (row(job.pk).status, row(job.pk).error_class) == (JobStatus.DEAD, "SoftTimeLimitExceeded")


def test_a_job_over_its_hard_limit_is_settled_and_its_process_ends(exits: list[int]) -> None:
    declare_stuck()
    job = services.enqueue("stuck", soft_time_limit=0.1, time_limit=0.4)
    direct.run_due(["email"], stop=threading.Event())
    assert exits == [1]
    assert (row(job.pk).status, row(job.pk).failures, row(job.pk).deaths) == (JobStatus.RETRYING, 1, 0)


def test_a_worker_whose_pool_has_no_parent_keeps_them_too(exits: list[int]) -> None:
    declare_stuck()
    job = services.enqueue("stuck", soft_time_limit=0.1, time_limit=0.4)
    thread = threading.Thread(target=rung, args=("stuck", job.pk))
    thread.start()
    thread.join()
    assert exits == [1]
    assert (row(job.pk).status, row(job.pk).failures, row(job.pk).deaths) == (JobStatus.RETRYING, 1, 0)


def test_a_job_that_ends_in_time_ends_nothing(exits: list[int]) -> None:
    job = services.enqueue("echo", {"value": 1}, soft_time_limit=30, time_limit=60)
    rung("echo", job.pk)
    assert (row(job.pk).status, exits) == (JobStatus.COMPLETED, [])


def test_a_limit_that_strikes_after_the_job_has_ended_is_not_heard() -> None:
    limits._on_alarm(14, None)
