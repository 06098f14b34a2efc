from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from jobs.admin.charts import throughput_chart
from jobs.clock import Now
from jobs.models import Slice
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


def test_who_may_not_see_jobs_is_refused(as_staff: Client, client: Client) -> None:
    assert as_staff.get(HERE).status_code == 403
    assert client.get(HERE).headers["Location"].startswith("/admin/login/")


def test_a_chart_is_also_a_table_and_names_its_numbers() -> None:
    points = [Point(datetime(2026, 11, 23, 12, minute, tzinfo=UTC), *counts) for minute, counts in
              ((0, (0, 0)), (5, (2000, 1)))]  # fmt: skip
    chart = throughput_chart("crm", points, "hour")
    assert chart.count("<rect") == 2
    assert "<td>2000</td><td>1</td>" in chart
    assert 'height="1.5"' in chart, "one of thousands is seen"


def test_a_chart_of_nothing_is_empty() -> None:
    assert "<rect" not in throughput_chart("crm", [], "hour")
