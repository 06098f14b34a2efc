"""The platform at a glance."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs import overview, services
from jobs.clock import Now
from jobs.models import Quarantine, Slice
from tests.jobs.api import states

pytestmark = pytest.mark.django_db


def line(queue: str = "crm") -> overview.QueueLine:
    return next(line for line in overview.lines() if line.name == queue)


def test_what_waits_is_delayed_and_runs_is_counted_by_queue() -> None:
    states.waiting(), states.waiting(delay=600), states.running(), states.completed()
    crm = line()
    assert (crm.waiting, crm.delayed, crm.running, line("ai").waiting) == (1, 1, 1, 0)
    assert crm.waited is not None
    assert line("ai").waited is None


def test_only_queues_that_were_asked_for_are_told() -> None:
    assert [line.name for line in overview.lines(names=["ai"])] == ["ai"]


def test_what_ended_lately_has_a_chart() -> None:
    Slice.objects.create(at=Now(-60), queue="crm", task="t", outcome="dead", jobs=3, started=3)
    crm = line()
    assert (crm.recent.ended, crm.recent.failed, sum(point.failed for point in crm.points)) == (3, 3, 3)


def test_trouble_pauses_and_what_to_do_are_told() -> None:
    states.dead(), states.in_doubt()
    Quarantine.objects.create(queue="crm", reason="?", digest="", size=1, head="")
    services.pause(queue="crm", by="ann", reason="it is being moved")
    told = overview.of()
    assert told.trouble == {"failed": 0, "dead": 1, "in_doubt": 1}
    assert (told.quarantined, [control.reason for control in told.paused]) == (1, ["it is being moved"])
    assert {"no_dispatcher", "no_worker", "paused"} <= {finding.name for finding in told.findings}
    assert not {part.name: part.good for part in told.parts}["Dispatcher"]


def test_more_jobs_take_no_more_queries() -> None:
    counts = []
    for _ in range(2):
        states.waiting(), states.running(), states.dead()
        with CaptureQueriesContext(connection) as queries:
            overview.of("week")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_period_that_is_none_is_the_hour() -> None:
    assert [overview.period_of(text) for text in ("day", "year", "")] == ["day", "hour", "hour"]
