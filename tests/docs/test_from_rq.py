"""Every Python snippet of the old platform runs with its import changed and nothing else: alone, and all together."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from email_automation import services
from email_automation.gmail_sync_jobs import GmailSyncJobManager
from jobs.models import Job, JobStatus
from jobs.queues import email_queue
from tests.docs import pages
from tests.docs.test_python import Namespace, run, run_due_jobs
from tests.tasks_app import tasks

PAGE = pages.DOCS / "from-rq.md"
DIFFS = [block for block in pages.blocks(PAGE, "diff") if block.of == "python"]

pytestmark = pytest.mark.usefixtures("forgotten_tasks", "redis")


def side(block: pages.Block, sign: str) -> list[str]:
    """The old (`-`) or the new (`+`) lines of a diff, the common ones included."""
    return [line[1:] for line in block.text.splitlines() if line[:1] in ("", " ", sign)]


def new(block: pages.Block) -> pages.Block:
    return pages.Block(block.page, block.line, "python", "", "\n".join(side(block, "+")) + "\n")


@pytest.mark.parametrize("block", DIFFS, ids=str)
def test_only_the_import_line_changes(block: pages.Block) -> None:
    imported_anew = [
        line.replace("from core.redis_queues import", "from jobs.queues import") for line in side(block, "-")
    ]
    assert imported_anew == side(block, "+")


@pytest.mark.parametrize("block", DIFFS, ids=str)
def test_each_snippet_runs_alone(block: pages.Block, around: Namespace) -> None:
    run(new(block), around)
    wait_for_threads(around)


def test_all_snippets_run_together(around: Namespace) -> None:
    sync_id = around["job_id"]
    for block in DIFFS:
        if "{'job_id': job_id}" in block.text or "process_sync_job(job_id)" in block.text:
            around["job_id"] = sync_id  # not that of the mail before
        run(new(block), around)
        wait_for_threads(around)
    assert Job.objects.filter(task="process_gmail_sync").count() == 1


def test_the_sync_is_one_job_and_syncs_the_mailbox(around: Namespace) -> None:
    run(new(DIFFS[0]), around)
    assert around["rq_job_id"] == around["job_id"]
    run_due_jobs()
    status = around["sync_job_manager"].get_sync_status(around["job_id"])
    assert (status["status"], status["has_more"]) == (JobStatus.COMPLETED, False)


def test_the_status_is_printed(around: Namespace, capsys: pytest.CaptureFixture[str]) -> None:
    run(new(next(block for block in DIFFS if "Retry count" in block.text)), around)
    assert capsys.readouterr().out == "Status: pending\nRetry count: 0\n"


@pytest.fixture
def around(user: User, one_message: Path, as_worker_of_its_own: None) -> Namespace:
    """What the snippets take for granted: a user with a mailbox, a sync that waits, their author's own functions."""
    services.add_mailbox(user, one_message)
    manager = GmailSyncJobManager()
    done: set[Any] = set()
    return {
        "__name__": "pages.tasks",
        "user_id": user.pk,
        "sync_job_manager": manager,
        "job_id": manager.queue_sync_job(user.pk),
        "queue": email_queue,
        "email_queue": email_queue,
        "error_message": "The server hung up",
        "my_task_function": tasks._mark,  # undeclared, in an installed app's tasks.py
        "logger": logging.getLogger(__name__),
        "is_already_processed": done.__contains__,
        "mark_as_processed": done.add,
        "process": lambda email_id: {"status": "processed"},
    }


@pytest.fixture
def as_worker_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that a snippet starts gives its database connection back when it ends."""
    process: Callable[[GmailSyncJobManager, str], object] = GmailSyncJobManager.process_sync_job

    def and_disconnect(manager: GmailSyncJobManager, job_id: str) -> object:
        try:
            return process(manager, job_id)
        finally:
            if threading.current_thread() is not threading.main_thread():
                connection.close()

    monkeypatch.setattr(GmailSyncJobManager, "process_sync_job", and_disconnect)


def wait_for_threads(namespace: Namespace) -> None:
    if thread := namespace.pop("thread", None):
        thread.join()
