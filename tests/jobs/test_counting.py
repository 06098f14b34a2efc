"""How many jobs a queue has, on a ledger that is full."""

import pytest
from django.contrib.auth.models import User

from jobs import counting, statistics
from jobs.clock import Now
from jobs.models import Counted, Job
from tests.jobs.api import states
from tests.jobs.states import alter

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann(django_user_model: type[User]) -> User:
    return django_user_model.objects.create(username="ann")


@pytest.fixture(autouse=True)
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "FEW", 3)
    monkeypatch.setattr(counting, "OF_A_PART", 2)


def test_a_full_ledger_is_not_counted_again_but_what_waits_is() -> None:
    statistics.run_once()
    for _ in range(4):
        states.completed()
    states.waiting(), states.waiting(delay=60), states.running()
    Counted.objects.update(since=Now(-60), until=Now(-30))
    Job.objects.filter(status="completed").update(finished_at=Now(-20))
    statistics.run_once()
    assert counting.queue_stats("crm") == {
        "pending_jobs": 1, "delayed_jobs": 1, "total_jobs": 7, "total_results": 4,
    }  # fmt: skip


def test_of_ones_own_those_among_the_newest_are_counted(ann: User) -> None:
    states.completed(), states.running(ann.pk)
    for queue in ("crm", "email", "crm"):
        alter(states.completed(ann.pk), queue=queue)
    assert counting.queue_stats("crm", ann.pk) == {
        "pending_jobs": 0, "delayed_jobs": 0, "total_jobs": 2, "total_results": 1,
    }  # fmt: skip


def test_a_ledger_with_few_jobs_is_counted_exactly() -> None:
    states.completed(), states.dead()
    assert counting.queue_stats("crm")["total_results"] == 2


def test_on_such_a_ledger_all_of_ones_own_are_counted(ann: User) -> None:
    states.completed(), states.completed(ann.pk), states.waiting(ann.pk)
    assert counting.queue_stats("crm", ann.pk) == {
        "pending_jobs": 1, "delayed_jobs": 0, "total_jobs": 2, "total_results": 1,
    }  # fmt: skip
