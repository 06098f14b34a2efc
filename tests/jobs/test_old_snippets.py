"""The old platform's examples work here with only their import line changed, alone and one after another."""

import re
import threading
from pathlib import Path
from typing import Any

import pytest
import redis as redis_client
from django.contrib.auth import get_user_model
from django.db import connection

from jobs.models import Job
from tests.jobs.states import row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("forgotten_tasks")]

SNIPPETS = re.findall(r"```python\n(.*?)```", (Path(__file__).parent / "old_snippets.md").read_text(), re.DOTALL)


class Thread(threading.Thread):
    """One that leaves no database connection open behind it."""

    def run(self) -> None:
        try:
            super().run()
        finally:
            connection.close()


@pytest.fixture
def names(redis: redis_client.Redis, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a reader has at hand where an example begins."""
    from email_automation.gmail_sync_jobs import GmailSyncJobManager
    from jobs.queues import email_queue
    from tests.tasks_app.tasks import greet

    monkeypatch.setattr(threading, "Thread", Thread)
    user = get_user_model().objects.create_user("reader")
    manager = GmailSyncJobManager()
    return {
        "__name__": "old_snippets",
        "user_id": user.pk,
        "sync_job_manager": manager,
        "job_id": manager.queue_sync_job(user.pk),
        "queue": email_queue,
        "email_queue": email_queue,
        "my_task_function": greet,
        "error_message": "it broke",
    }


def run(snippet: str, names: dict[str, Any]) -> None:
    exec(snippet.replace("core.redis_queues", "jobs.queues"), names)
    if thread := names.pop("thread", None):
        thread.join()


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_an_example_works_alone(number: int, names: dict[str, Any]) -> None:
    run(SNIPPETS[number], names)


# By then `job_id` is an AI request's: the thread of one example says that it is no sync.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_examples_work_one_after_another(names: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    for snippet in SNIPPETS:
        run(snippet, names)
    assert capsys.readouterr().out.splitlines() == ["Status: pending", "Retry count: 0", "True"]


def test_a_sync_that_was_queued_is_not_enqueued_a_second_time(names: dict[str, Any]) -> None:
    run(SNIPPETS[0], names)
    assert names["rq_job_id"] == names["job_id"]
    assert Job.objects.filter(task="process_gmail_sync").count() == 1


def test_the_helpers_enqueue_on_their_queues(names: dict[str, Any]) -> None:
    run(SNIPPETS[1], names)
    mail = row(names["job_id"])
    run(SNIPPETS[2], names)
    question = row(names["job_id"])
    assert (mail.task, mail.queue, mail.arguments["to"]) == ("send_email", "email", "user@example.com")
    assert (question.task, question.queue, question.owner_id) == ("process_ai_request", "ai", 123)


def test_an_example_that_fails_a_job_does(names: dict[str, Any]) -> None:
    run(SNIPPETS[6], names)
    job = row(names["job_id"])
    assert (job.status, job.failures, job.error) == ("retrying", 1, "it broke")


def test_every_example_is_here() -> None:
    assert len(SNIPPETS) == 12
