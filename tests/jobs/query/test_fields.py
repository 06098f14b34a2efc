"""Each field finds the jobs that it says, on either database."""

import contextlib
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs import clock, query
from jobs.models import Batch, Job
from jobs.testing import frozen_clock
from tests.jobs.states import in_state, put

pytestmark = pytest.mark.django_db


def found(text: str) -> set[Any]:
    return {job.pk for job in query.search(Job.objects.all(), text)}


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("status:dead", {"dead"}),
        ("status:dead,failed", {"dead", "failed"}),
        ("status:waiting", {"pending", "retrying"}),
        ("status:ended", {"completed", "failed", "dead", "cancelled", "expired"}),
        ("status:trouble", {"failed", "dead", "in_doubt"}),
        ("-status:ended", {"pending", "retrying", "processing", "in_doubt"}),
        ("-status:dead status:trouble", {"failed", "in_doubt"}),
    ],
)
def test_status(text: str, states: set[str]) -> None:
    everything = (
        "pending",
        "processing",
        "retrying",
        "completed",
        "failed",
        "dead",
        "cancelled",
        "expired",
        "in_doubt",
    )
    made = {status: in_state(status).pk for status in everything}
    assert found(text) == {made[status] for status in states}


@pytest.mark.parametrize(
    ("text", "finds"),
    [
        ("queue:crm", True),
        ("queue:email", False),
        ("task:send_mail", True),
        ("task:send_*", True),
        ("task:send", False),
        ("send", True),
        ("owner:jane", True),
        ("owner:nobody", False),
        ("owner:system", False),
        ("priority:<3", True),
        ("priority:>=3", False),
        ("key:inv-7", True),
        ("key:inv-*", True),
        ("inv-7", True),
        ("jane", True),
        ("correlation:request-1", True),
        ("request-1", True),
        ("args.to:ann@x.org", True),
        ("args.count:7", True),
        ("args.text:7", True),
        ("args.on:true", True),
        ("args.lead.id:5", True),
        ("args.nothing:5", False),
        ("-args.nothing:5", True),
        ("args.to__contains:a", False),
        ("is:due", True),
        ("is:delayed", False),
        ("is:unique", False),
        ("-is:delayed", True),
        ("age:2h", True),
        ("age:>2h", False),
        ("created:>2020-01-01", True),
        ("created:2020-01-01", False),
        ("run_at:<9999-12-30", True),
        ("finished:>2020-01-01", False),
        ("attempts:0", True),
        ("attempts:>0", False),
        ("", True),
        ("task:send_mail queue:crm", True),
        ("task:send_mail queue:ai", False),
    ],
)
def test_a_word_finds_what_it_says(text: str, finds: bool) -> None:
    jane = User.objects.create_user("jane")
    arguments = {"to": "ann@x.org", "count": 7, "text": "7", "on": True, "lead": {"id": 5}}
    changes = {"key": "inv-7", "correlation_id": "request-1", "priority": 2, "owner_id": jane.pk}
    job = put(task="send_mail", queue="crm", arguments=arguments, **changes)
    assert found(text) == ({job.pk} if finds else set())


def test_an_old_job_is_found_by_its_age() -> None:
    job = put()
    with frozen_clock() as stopped:
        stopped.advance(3 * 3600)
        assert (found("age:>2h"), found("age:<2h")) == ({job.pk}, set())


def test_a_long_run_is_found_by_its_duration() -> None:
    job = in_state("completed")
    Job.objects.filter(pk=job.pk).update(started_at=clock.Now(-90), finished_at=clock.Now(-30))
    assert (found("duration:>50s"), found("duration:>2m")) == ({job.pk}, set())
    assert found("duration:<2m") == {job.pk}
    assert found("-duration:>2m") == {job.pk}


def test_what_belongs_together_is_found() -> None:
    parent = put()
    child = put(parent_id=parent.pk)
    batch = Batch.objects.create(correlation_id="x", created_at=child.created_at)
    Job.objects.filter(pk=child.pk).update(batch=batch)
    assert found(f"parent:{parent.pk}") == found(f"batch:{batch.pk}") == found("is:child") == {child.pk}
    assert found(f"id:{parent.pk}") == found(str(parent.pk)) == {parent.pk}


def test_errors_are_found_by_their_words_and_classes() -> None:
    job = in_state("dead")
    assert found("error:broke") == found("error:ValueError") == found("BROKE") == {job.pk}
    assert found(f"fingerprint:{job.fingerprint}") == {job.pk}
    assert found("error:100%") == set()


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("colour:red", "Known: status, queue"),
        ("status:red", "Known: pending"),
        ("queue:red", "Known: email"),
        ("is:red", "Known: delayed"),
        ("age:red", "write 30s"),
        ("created:red", "write 2026-11-23"),
        ("created:9999-12-31", "write 2026-11-23"),
        ("attempts:red", "no whole number"),
        ("id:red", "no id"),
        ("status:>dead", "cannot be compared"),
        ("args." + "a." * 230 + "b:1", "at most 10"),
    ],
)
def test_what_is_not_understood_is_said_with_the_remedy(text: str, remedy: str) -> None:
    with pytest.raises(query.BadQuery, match=remedy):
        query.condition(text)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Los_Angeles"])
@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-30", ">9999-12-30T23:59:59", "0001-01-01T00:00+14:00"])
def test_a_day_at_the_end_of_time_is_looked_for_or_refused_in_every_zone(text: str, zone: str) -> None:
    with timezone.override(zone), contextlib.suppress(query.BadQuery):
        assert found(f"created:{text}") == set()


def test_each_field_has_a_value_that_it_takes() -> None:
    samples = {
        "status": "dead", "queue": "ai", "is": "due", "age": "1h", "duration": "1s", "created": "2026-11-23",
        "finished": "2026-11-23", "run_at": "2026-11-23", "attempts": "1", "failures": "1", "priority": "1",
        "id": str(uuid.uuid4()), "parent": str(uuid.uuid4()), "batch": str(uuid.uuid4()), "schedule": "1",
    }  # fmt: skip
    for name in query.FIELDS:
        assert found(f"{name}:{samples.get(name, 'word')}") == set()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.text(st.characters(blacklist_categories=["Cs"]), max_size=60), st.sampled_from([*query.FIELDS, "args.a"]))
def test_any_value_is_looked_for_or_refused(value: str, field: str) -> None:
    with contextlib.suppress(query.BadQuery):
        assert found(f"{field}:{value}") == set()
