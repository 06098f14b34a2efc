"""A list looks at the newest jobs only, says how far back it looked, and the next look begins there."""

from datetime import datetime

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from jobs import query
from jobs.clock import Now
from jobs.models import Job
from jobs.query import windows
from tests.jobs.api import states
from tests.jobs.states import alter

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shallow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "DEPTH", 3)


def keys(text: str, older: Q = query.EVERY) -> tuple[list[str | None], datetime | None]:
    found = query.look(Job.objects.all(), text, older=older)
    return list(found.jobs.newest_first().values_list("key", flat=True)), found.ends


def all_keys(text: str) -> list[str | None]:
    """By looking on until there is nothing older."""
    found, ends = keys(text)
    while ends:
        more, ends = keys(text, query.before(ends))
        found += more
    return found


def test_a_short_list_is_looked_through_to_its_first_job() -> None:
    for number in range(3):
        states.waiting(key=f"job {number}")
    assert keys("") == (["job 2", "job 1", "job 0"], None)


def test_a_long_list_ends_and_goes_on_without_gap_or_repeat() -> None:
    for number in range(8):
        alter(states.waiting(key=f"job {number}"), created_at=Now(number))
    first, ends = keys("")
    assert (first, ends is not None) == (["job 7", "job 6", "job 5"], True)
    assert all_keys("") == [f"job {number}" for number in range(7, -1, -1)]


def test_jobs_of_one_moment_are_looked_at_together() -> None:
    made = [states.waiting(key=f"job {number}") for number in range(9)]
    Job.objects.update(created_at=made[0].created_at)
    assert len(all_keys("")) == 9


def test_what_is_rare_is_found_further_back() -> None:
    states.waiting(key="needle", args={"name": "Grace"})
    for number in range(7):
        states.waiting(key=f"job {number}")
    first, ends = keys("args.name:Grace")
    assert (first, ends is not None) == ([], True)
    assert all_keys("args.name:Grace") == ["needle"]


@pytest.mark.parametrize(
    "text", ["status:dead", "status:trouble", "status:dead error:full", "fingerprint:{job.fingerprint}"]
)
def test_what_went_wrong_is_found_at_once_however_much_went_well(text: str) -> None:
    job = states.dead(error="the mailbox is full", key="bad")
    for _ in range(5):
        states.completed()
    assert keys(text.format(job=job)) == (["bad"], None)


@pytest.mark.parametrize("text", ["status:waiting", "is:due", "status:pending -task:echo"])
def test_what_waits_is_found_at_once_however_much_is_newer(text: str) -> None:
    states.waiting(key="old")
    for _ in range(5):
        states.completed()
    assert keys(text) == (["old"], None)


@pytest.mark.parametrize(
    "text",
    [
        "key:needle",
        "id:{job.pk}",
        "{job.pk}",
        "needle",
        "correlation:request-9",
        "request-9",
        "batch:{job.pk}",
        "owner:7",
    ],
)
def test_what_an_index_leads_to_is_found_however_old_it_is(text: str) -> None:
    job = states.waiting(7, key="needle", correlation_id="request-9")
    for _ in range(5):
        states.waiting()
    found, ends = keys(text.format(job=job))
    assert (found, ends) == ([] if text.startswith("batch") else ["needle"], None)


@pytest.mark.parametrize("text", ["age:>1d", "created:<2020-01-02", "created:2020-01-01", "finished:2020-01-01"])
def test_a_time_is_where_a_look_begins(text: str) -> None:
    long_ago = "2020-01-01T12:00:00Z"
    alter(states.completed(key="old"), created_at=long_ago, finished_at=long_ago)
    for _ in range(5):
        states.waiting()
    assert keys(text) == (["old"], None)


def test_alternatives_do_not_narrow_more_than_they_say() -> None:
    states.dead(key="dead")
    states.waiting(key="waiting")
    assert all_keys("status:dead,pending") == ["waiting", "dead"]
    assert all_keys("status:dead status:waiting") == []
    assert all_keys("-status:dead") == ["waiting"]


def test_a_look_takes_as_many_queries_however_many_jobs_there_are() -> None:
    counts = []
    for _ in range(2):
        for _ in range(5):
            states.waiting()
        with CaptureQueriesContext(connection) as queries:
            keys("status:waiting")
        counts.append(len(queries))
    assert counts == [2, 2]
