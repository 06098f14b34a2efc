"""While the broker is away a process that lives on may run new jobs itself, claimed like by any worker."""

import threading

import pytest

from jobs import broker, fallback, services
from jobs.models import Job
from tests.servers.programs import eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_broker", "all_threads_end")]


@pytest.fixture
def all_threads_end() -> object:
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("fallback-"):
            thread.join()


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fallback, "_allowed", True)


@pytest.mark.usefixtures("allowed")
def test_a_new_job_runs_here() -> None:
    job = services.enqueue("echo", {"value": 1})
    eventually(lambda: Job.objects.get(pk=job.pk).status == "completed")
    assert Job.objects.get(pk=job.pk).worker.startswith("local@")


@pytest.mark.usefixtures("allowed")
def test_a_task_with_effects_waits_for_a_worker() -> None:
    broker.trip(ConnectionError())
    job = services.enqueue("send_email", {"to": "a@example.com", "subject": "Hi", "body": "Text"})
    assert_not_taken(job)


def test_a_command_that_is_about_to_end_runs_nothing() -> None:
    job = services.enqueue("echo", {"value": 1})
    assert broker.is_open()
    assert_not_taken(job)


def assert_not_taken(job: Job) -> None:
    """In this order: a thread that took it either still runs or has moved the row."""
    assert not any(thread.name == f"fallback-{job.pk}" for thread in threading.enumerate())
    assert Job.objects.get(pk=job.pk).status == "pending"
