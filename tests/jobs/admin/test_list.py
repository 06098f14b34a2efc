from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jobs.admin import lists
from jobs.clock import Now
from jobs.models import Batch, Job
from jobs.models.job import new_id
from jobs.query import windows
from tests.jobs.admin.conftest import page
from tests.jobs.api import states
from tests.jobs.states import alter

LIST = "jobs_job_changelist"


def shown(client: Client, **query: str) -> set[uuid.UUID]:
    response = client.get(reverse(f"admin:{LIST}"), query)
    assert response.status_code == 200, response.status_code
    return {job.pk for job in response.context["cl"].result_list}


def test_each_job_shows_its_state_and_owner(as_viewer: Client, owner: User) -> None:
    states.dead(owner.pk, error="connection reset")
    states.waiting(None)
    text = page(as_viewer, LIST)
    assert '<span class="jobs-badge jobs-dead">dead</span>' in text
    assert "1 of 1 tries failed" in text
    assert "connection reset" in text
    assert ">owner</td>" in text
    assert ">system</td>" in text


def test_a_running_job_shows_how_far_it_is(as_viewer: Client) -> None:
    job = states.running()
    Job.objects.filter(pk=job.pk).update(progress_current=1, progress_total=4, progress_message="page 1")
    text = page(as_viewer, LIST)
    assert '<progress class="jobs-bar" max="100" value="25.0" title="page 1">25 %</progress>' in text


def test_an_owner_who_is_gone_is_shown_by_number(as_viewer: Client) -> None:
    states.waiting(987_654)
    assert ">#987654</td>" in page(as_viewer, LIST)


def test_a_longer_list_takes_no_more_queries(as_viewer: Client, owner: User, other: User) -> None:
    counts = []
    for _ in range(2):
        for user in (owner, other, owner, other):
            states.completed(user.pk, result=1)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page(as_viewer, LIST)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 9


def test_the_list_does_not_read_arguments(as_viewer: Client) -> None:
    states.waiting()
    with CaptureQueriesContext(connection) as queries:
        page(as_viewer, LIST)
    assert not any('"arguments"' in query["sql"] for query in queries)


def test_rows_are_counted_no_further_than_anybody_pages(as_viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "COUNTED", 3)
    for _ in range(5):
        states.waiting()
    assert "More than 3 jobs" in page(as_viewer, LIST)
    assert Paginator(Job.objects.all(), 2).count == 5


def test_what_is_older_than_the_newest_is_further_back(as_viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "DEPTH", 3)
    needle = states.waiting(args={"name": "Grace"})
    for number in range(1, 6):
        alter(states.waiting(), created_at=Now(number))
    first = as_viewer.get(reverse(f"admin:{LIST}"), {"q": "args.name:Grace"})
    assert (list(first.context["cl"].result_list), "Look further back" in first.content.decode()) == ([], True)
    further = as_viewer.get(reverse(f"admin:{LIST}") + first.context["cl"].further())
    assert [job.pk for job in further.context["cl"].result_list] == [needle.pk]
    assert "Back to the newest" in further.content.decode()


@pytest.mark.parametrize("before", ["", "x", "-1", "9" * 17, "²", "\x00"])
def test_a_list_that_begins_nowhere_is_the_newest(as_viewer: Client, before: str) -> None:
    job = states.waiting()
    assert shown(as_viewer, before=before) == {job.pk}


def test_records_are_looked_at_among_the_newest_and_by_their_job_however_old(
    as_viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "COUNTED", 2)
    needle = states.failed(error="needle")
    for _ in range(3):
        states.failed()
    address = reverse("admin:jobs_attempt_changelist")
    first = as_viewer.get(address, {"q": "needle"})
    further = as_viewer.get(address + first.context["cl"].further())
    by_job = as_viewer.get(address, {"q": str(needle.pk)})
    assert [len(answer.context["cl"].result_list) for answer in (first, further, by_job)] == [0, 1, 1]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"status": "dead"}, {"dead"}),
        ({"status": "waiting"}, {"waiting", "retrying"}),
        ({"status": "trouble"}, {"dead"}),
        ({"status": "open"}, {"waiting", "retrying"}),
        ({"queue": "crm"}, {"waiting", "retrying", "dead", "done"}),
        ({"queue": "ai"}, set()),
        ({"task": "tests.greet"}, {"waiting", "retrying", "dead", "done"}),
        ({"owner": "system"}, {"waiting", "retrying", "dead"}),
        ({"age": "1h"}, {"waiting", "retrying", "dead", "done"}),
    ],
)
def test_filters_narrow_the_list(as_viewer: Client, owner: User, query: dict[str, str], expected: set[str]) -> None:
    made = {
        "waiting": states.waiting(),
        "retrying": states.retrying(),
        "dead": states.dead(),
        "done": states.completed(owner.pk),
    }
    assert shown(as_viewer, **query) == {made[name].pk for name in expected}


def test_links_narrow_to_what_belongs_together(as_viewer: Client, owner: User) -> None:
    parent, child, failed = states.waiting(owner.pk), states.waiting(), states.failed()
    batch = Batch.objects.create(correlation_id="x", created_at=child.created_at)
    Job.objects.filter(pk=child.pk).update(parent_id=parent.pk, batch=batch)
    assert shown(as_viewer, parent=str(parent.pk)) == {child.pk}
    assert shown(as_viewer, batch=str(batch.pk)) == {child.pk}
    assert shown(as_viewer, owner=str(owner.pk)) == {parent.pk}
    assert shown(as_viewer, fingerprint=failed.fingerprint) == {failed.pk}


@pytest.mark.parametrize(
    "name", ["status", "queue", "task", "age", "owner", "parent", "batch", "fingerprint", "p", "o", "q"]
)
@pytest.mark.parametrize("value", ["\x00", "nonsense'", "9" * 40, "-1", "<script>", "²", "x" * 3000])
def test_a_value_that_means_nothing_breaks_nothing(as_viewer: Client, name: str, value: str) -> None:
    states.waiting()
    response = as_viewer.get(reverse(f"admin:{LIST}"), {name: value}, follow=True)
    assert response.status_code == 200
    assert b"<script>'" not in response.content


def test_search_finds_by_every_id(as_viewer: Client, owner: User) -> None:
    job = states.waiting(owner.pk, key="order-7", correlation_id="request-9")
    states.waiting()
    for term in (str(job.pk), f" {job.pk} ", job.pk.hex, "order-7", "request-9", "owner"):
        assert shown(as_viewer, q=term) == {job.pk}


def test_search_finds_all_words_of_an_error(as_viewer: Client) -> None:
    job = states.failed(error="mailbox of Ada is full")
    states.failed(error="mailbox is full")
    assert shown(as_viewer, q="FULL ada") == {job.pk}
    assert shown(as_viewer, q="100% nothing_like_it") == set()


def test_an_id_that_nobody_has_finds_nothing(as_viewer: Client) -> None:
    states.waiting()
    assert shown(as_viewer, q=str(new_id())) == set()


@pytest.mark.parametrize(("who", "offered"), [("as_viewer", False), ("as_operator", True)])
def test_actions_are_offered_to_operators(request: pytest.FixtureRequest, who: str, offered: bool) -> None:
    client: Any = request.getfixturevalue(who)
    states.waiting()
    assert ("cancel_selected" in page(client, LIST)) is offered
