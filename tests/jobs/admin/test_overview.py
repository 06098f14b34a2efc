from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client

from jobs import services
from jobs.admin.charts import run_chart, throughput_chart, wait_chart
from jobs.clock import Now
from jobs.models import Slice
from jobs.statistics import BOUNDS
from jobs.throughput import Point
from tests.jobs.admin.conftest import text_of
from tests.jobs.api import states

HERE = "/admin/jobs/overview/"


def test_every_queue_is_shown_with_its_numbers_and_chart(as_viewer: Client) -> None:
    states.waiting()
    Slice.objects.create(at=Now(-60), queue="crm", task="t", outcome="dead", jobs=7, started=7)
    text = text_of(as_viewer.get(HERE))
    assert '?queue=crm&amp;status=waiting">1</a>' in text
    assert "7 jobs of crm ended in the last hour, 7 of them failed" in text
    assert text.count("<svg") >= 3


@pytest.mark.parametrize(("asked", "shown"), [("week", "week"), ("nonsense'<", "hour")])
def test_a_period_is_chosen_by_a_link(as_viewer: Client, asked: str, shown: str) -> None:
    text = text_of(as_viewer.get(HERE, {"period": asked}))
    assert f'<a href="?period={shown}" aria-current="true">' in text


def test_what_is_wrong_is_told_with_the_remedy(as_viewer: Client) -> None:
    text = text_of(as_viewer.get(HERE))
    assert "manage.py dispatcher" in text
    assert "manage.py worker crm" in text


def test_what_is_wrong_leads_to_its_page(as_viewer: Client) -> None:
    services.pause(queue="crm", by="ann", reason="calm")
    assert 'manage.py resume crm</span> <a href="/admin/jobs/queues/">Look</a>' in text_of(as_viewer.get(HERE))


def test_who_may_not_see_jobs_is_refused(as_staff: Client, client: Client) -> None:
    assert as_staff.get(HERE).status_code == 403
    assert client.get(HERE).headers["Location"].startswith("/admin/login/")


def a_point(minute: int, ended: int = 0, failed: int = 0, seconds: float | None = None) -> Point:
    times = [ended if bound == seconds else 0 for bound in (*BOUNDS, None)]
    at = datetime(2026, 11, 23, 12, minute, tzinfo=UTC)
    return Point(ended=ended, failed=failed, waits=times, runs=times, totals=times, at=at)


def test_a_chart_is_also_a_table_and_names_its_numbers() -> None:
    chart = throughput_chart("crm", [a_point(0), a_point(5, 2000, 1)], "hour")
    assert chart.count("<rect") == 2
    assert "<td>2000</td><td>1</td>" in chart
    assert 'height="1.5"' in chart, "one of thousands is seen"


@pytest.mark.parametrize(("chart", "title"), [(wait_chart, "Waited"), (run_chart, "Ran")])
def test_times_are_charted_by_their_median_and_95_of_100(chart: Callable[..., str], title: str) -> None:
    mixed = a_point(5, 90, seconds=0.1)
    mixed.join(a_point(5, 10, seconds=60))
    drawn = chart("crm", [a_point(0), mixed], "hour")
    assert drawn.count('class="jobs-bar-most"') == drawn.count('class="jobs-bar-half"') == 1
    assert f"{title}, jobs of crm in the last hour: 95 % at most 1 min." in drawn
    assert "<td>1 min</td><td>100 ms</td>" in drawn
    most, half = (float(height) for height in re.findall(r'height="([.0-9]+)"', drawn))
    assert most > half > 0


@pytest.mark.parametrize("chart", [throughput_chart, wait_chart, run_chart])
@pytest.mark.parametrize("points", [[], [a_point(0)]])
def test_a_chart_of_nothing_is_empty(chart: Callable[..., str], points: list[Point]) -> None:
    assert "<rect" not in chart("crm", points, "hour")
