"""The Python of the pages runs, from top to bottom, and the jobs that it asks for complete."""

import inspect
import re
import unittest
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from jobs import batches, schedule
from jobs.models import Job, JobStatus
from jobs.testing import FrozenClock, drain
from tests.docs import pages
from tests.docs.stand_ins import Billing, make_lead

OWN_TEST = {"from-rq.md"}
WITH_PYTHON = [page for page in pages.PAGES if pages.blocks(page, "python") and page.name not in OWN_TEST]

Namespace = dict[str, Any]
pytestmark = pytest.mark.usefixtures("forgotten_tasks", "redis", "mail_sink")


@pytest.fixture
def namespace(user: User) -> Namespace:
    """What the pages say that they take for granted."""
    return {"__name__": "pages.tasks", "user": user, "lead": make_lead(user.pk), "billing": Billing()}


def run(block: pages.Block, namespace: Namespace) -> None:
    """Run a block so that a traceback shows the page's own line."""
    code = compile("\n" * (block.line - 1) + block.text, pages.name(block.page), "exec", dont_inherit=True)
    exec(code, namespace)


def run_page(page: Path, namespace: Namespace) -> None:
    for block in pages.blocks(page, "python"):
        if not block.text.startswith(pages.NOT_RUN):
            run(block, namespace)


def run_due_jobs() -> None:
    """Every job that is due, here, claimed and settled as by a worker."""
    drain(check=False)


@pytest.mark.parametrize("page", WITH_PYTHON, ids=pages.name)
def test_a_page_runs_and_its_jobs_complete(page: Path, namespace: Namespace) -> None:
    run_page(page, namespace)
    run_due_jobs()
    assert [f"{job}: {job.error}" for job in Job.objects.exclude(status=JobStatus.COMPLETED)] == []


@pytest.mark.parametrize(
    ("page", "name"),
    [(page, name) for page in WITH_PYTHON for name in re.findall(r"^def (test_\w+)", page.read_text(), re.MULTILINE)],
    ids=lambda value: pages.name(value) if isinstance(value, Path) else value,
)
def test_a_test_of_a_page_passes(page: Path, name: str, namespace: Namespace) -> None:
    run_page(page, namespace)
    test = namespace[name]
    test(**{name: namespace[name] for name in inspect.signature(test).parameters})


def test_the_test_case_of_a_page_passes(namespace: Namespace) -> None:
    run_page(pages.DOCS / "testing-your-tasks.md", namespace)
    outcome = unittest.TestLoader().loadTestsFromTestCase(namespace["Billing"]).run(unittest.TestResult())
    assert (outcome.testsRun, outcome.errors, outcome.failures) == (1, [], [])


@pytest.mark.parametrize("task", ["tag_lead", "export_lead", "refresh_credit", "check_credit", "greet_lead"])
def test_a_task_of_the_how_to_completes(task: str, how_to: Namespace) -> None:
    arguments = {"lead_id": how_to["lead"].pk} | ({"tag": "vip"} if task == "tag_lead" else {})
    job = how_to["services"].enqueue(task, arguments)
    run_due_jobs()
    job.refresh_from_db()
    assert (job.status, job.error) == (JobStatus.COMPLETED, "")


def test_the_sliced_task_of_the_how_to_completes(how_to: Namespace) -> None:
    job = how_to["services"].enqueue("export_leads", {"user_id": how_to["user"].pk})
    run_due_jobs()
    job.refresh_from_db()
    assert (job.status, job.percent) == (JobStatus.COMPLETED, 100.0)
    assert list(how_to["billing"].customers.values()) == ["Joan"]


def test_the_task_with_a_checkpoint_of_the_how_to_completes(how_to: Namespace) -> None:
    job = how_to["services"].enqueue("tidy_names", {"user_id": how_to["user"].pk})
    run_due_jobs()
    job.refresh_from_db()
    assert (job.status, job.checkpoint.value) == (JobStatus.COMPLETED, str(how_to["lead"].contact_id))


def test_the_effect_of_the_how_to_happens_once_although_its_answer_is_lost(
    how_to: Namespace, jobs_clock: FrozenClock
) -> None:
    how_to["billing"].lose_answers = 1
    job = how_to["services"].enqueue("invoice_lead", {"lead_id": how_to["lead"].pk, "cents": 100})
    drain(skip_waits=True)
    job.refresh_from_db()
    assert (job.status, job.attempt, len(how_to["billing"].invoices)) == (JobStatus.COMPLETED, 2, 1)


def test_what_follows_the_batch_of_the_how_to_is_done(how_to: Namespace) -> None:
    run_due_jobs()
    batches.run_once()
    run_due_jobs()
    how_to["batch"].refresh_from_db()
    how_to["lead"].refresh_from_db()
    assert (how_to["batch"].status, how_to["batch"].completed) == ("completed", 1)
    assert "exported" in how_to["lead"].tags


def test_the_schedule_of_the_how_to_makes_its_job(how_to: Namespace) -> None:
    weekly = how_to["weekly"]
    tick = schedule.preview(weekly, 1)[0]
    schedule.fire(weekly, tick)
    run_due_jobs()
    assert (tick.weekday(), tick.hour) == (0, 7)
    assert Job.objects.get(schedule=weekly).status == JobStatus.COMPLETED


@pytest.fixture
def how_to(namespace: Namespace) -> Namespace:
    """All that the how-to declares."""
    run_page(pages.DOCS / "writing-tasks.md", namespace)
    return namespace
