from __future__ import annotations

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jobs.clock import Now
from jobs.models import Effect, Job
from tests.jobs.admin.conftest import text_of
from tests.jobs.api import states

LIST = "/admin/jobs/doubt/"


def in_doubt(key: str) -> tuple[Job, Effect]:
    job = states.in_doubt()
    return job, Effect.objects.create(key=key, job=job, attempt=1, kind="mail", created_at=Now())


def test_what_waits_for_a_word_is_listed_with_its_effect(as_operator: Client) -> None:
    job, effect = in_doubt("send:<b>ada")
    text = text_of(as_operator.get(LIST))
    assert "send:&lt;b&gt;ada" in text
    assert f"/admin/jobs/job/{job.pk}/resolve/{effect.pk}/" in text


def test_a_longer_list_takes_no_more_queries(as_operator: Client) -> None:
    counts = []
    for number in range(2):
        in_doubt(f"send:{number}"), in_doubt(f"again:{number}")
        with CaptureQueriesContext(connection) as queries:
            text_of(as_operator.get(LIST))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_who_may_only_look_answers_none(as_viewer: Client, as_staff: Client) -> None:
    in_doubt("send:1")
    assert "/resolve/" not in text_of(as_viewer.get(LIST))
    assert as_staff.get(LIST).status_code == 403


def test_no_doubt_is_told(as_viewer: Client) -> None:
    states.completed()
    assert "Nothing is in doubt." in text_of(as_viewer.get(LIST))
