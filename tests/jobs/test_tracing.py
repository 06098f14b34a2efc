"""Traces: what a receiver of OpenTelemetry gets to know of a request, its jobs, their attempts and effects."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from jobs import executor, lifecycle, services, tracing
from jobs.identity import current
from jobs.models import Job, Role
from jobs.models.job import CANARY, new_id
from jobs.tracing import spans
from tests.jobs.api.people import a_user, with_role
from tests.jobs.states import alter, make_due, put, row
from tests.servers.otlp import Receiver, Seen

pytestmark = pytest.mark.django_db

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def receiver(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with Receiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        settings.JOBS = settings.JOBS | {"TRACES": True}
        yield receiver
        spans.shut_down()


def told(receiver: Receiver) -> list[Seen]:
    """Everything until now, in the order in which it began."""
    spans.shut_down()
    return sorted(receiver.spans, key=lambda span: (span.start, span.end))


def names(seen: list[Seen]) -> list[str]:
    return [span.name for span in seen]


def test_a_canary_is_in_no_trace(receiver: Receiver) -> None:
    canary = alter(put(task=CANARY), arguments={})
    executor.run(canary.pk)
    assert row(canary.pk).status == "completed"
    assert told(receiver) == []


def test_a_job_is_one_trace_from_its_enqueue_through_the_wait_to_the_attempt(receiver: Receiver) -> None:
    job = services.enqueue("echo", {"value": 1})
    executor.run(job.pk)
    told(receiver)  # a database's clock may tell milliseconds alone: the wait may seem to begin before the enqueue
    [enqueued], [waited], [ran] = (receiver.named(name) for name in ("enqueue echo", "wait echo", "run echo"))
    assert {span.trace_id for span in (waited, ran)} == {enqueued.trace_id}
    assert (enqueued.parent_id, waited.parent_id, ran.parent_id) == ("", enqueued.span_id, enqueued.span_id)
    assert ran.attributes == {
        "messaging.system": "fikiri",
        "messaging.destination.name": "email",
        "messaging.message.id": str(job.pk),
        "fikiri.task": "echo",
        "fikiri.attempt": 1,
        "fikiri.outcome": "completed",
    }
    assert (ran.resource["service.name"], ran.resource["service.instance.id"]) == ("fikiri", current().name)
    assert waited.start == pytest.approx(row(job.pk).run_at.timestamp(), abs=0.001)
    assert waited.end <= ran.end


def test_each_attempt_is_in_the_same_trace_and_one_that_fails_says_by_which_error(receiver: Receiver) -> None:
    job = services.enqueue("answer", {"with_": "error"})
    for _ in range(2):
        executor.run(job.pk)
        make_due(row(job.pk))
    runs = [span for span in told(receiver) if span.name == "run answer"]
    assert [(span.attributes["fikiri.attempt"], span.attributes["fikiri.outcome"]) for span in runs] == [
        (1, "again"),
        (2, "again"),
    ]
    assert len({span.trace_id for span in runs}) == 1
    assert all(span.failed and span.attributes["error.type"] == row(job.pk).error_class for span in runs)


def test_an_effect_is_a_span_of_its_attempt(receiver: Receiver, tmp_path: Path) -> None:
    executor.run(services.enqueue("buy", {"shop": str(tmp_path / "shop")}).pk)
    told(receiver)
    [ran], [made] = receiver.named("run buy"), receiver.named("make order")
    assert (made.parent_id, made.trace_id, made.attributes) == (ran.span_id, ran.trace_id, {"fikiri.effect": "order"})


def test_a_job_that_a_job_enqueues_is_in_its_trace(receiver: Receiver) -> None:
    parent = services.enqueue("enqueue_child")
    executor.run(parent.pk)
    executor.run(Job.objects.get(parent_id=parent.pk).pk)
    told(receiver)
    [ran], [enqueued], [child] = (receiver.named(name) for name in ("run enqueue_child", "enqueue echo", "run echo"))
    assert (enqueued.parent_id, child.parent_id, child.trace_id) == (ran.span_id, enqueued.span_id, ran.trace_id)


def test_many_jobs_enqueued_at_once_share_a_span(receiver: Receiver) -> None:
    services.enqueue_many("echo", [{"value": number} for number in range(3)])
    [enqueued] = told(receiver)
    assert enqueued.attributes["messaging.batch.message_count"] == 3
    places = {str(trace)[:52] for trace in Job.objects.values_list("trace", flat=True)}
    assert places == {f"00-{enqueued.trace_id}-{enqueued.span_id}"}


def test_a_request_goes_on_with_its_callers_trace_and_is_named_by_its_route(receiver: Receiver) -> None:
    client = Client(headers={"traceparent": CALLER})
    client.force_login(with_role(a_user("ann", is_staff=True), Role.OPERATOR))
    answer = client.post("/api/jobs", {"task": "echo", "args": {"value": 1}}, content_type="application/json")
    assert answer.status_code == 202, answer.content
    asked, enqueued = told(receiver)
    assert (asked.name, asked.trace_id, asked.parent_id) == ("POST api/jobs", CALLER[3:35], CALLER[36:52])
    assert (enqueued.trace_id, enqueued.parent_id) == (asked.trace_id, asked.span_id)
    assert asked.attributes == {
        "http.request.method": "POST",
        "http.route": "api/jobs",
        "http.response.status_code": 202,
    }


def test_probes_are_no_traces_and_a_strangers_method_names_none(receiver: Receiver) -> None:
    client = Client()
    client.get("/healthz")
    client.generic("ANN@EXAMPLE.COM", "/api/nothing/ann@example.com")
    [asked] = told(receiver)
    assert asked.name == "_OTHER ^api/"


@pytest.mark.parametrize("garbage", ["", "00-zz-zz-01", "ann@example.com", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
def test_a_header_that_is_no_trace_begins_a_new_one(receiver: Receiver, garbage: str) -> None:
    Client(headers={"traceparent": garbage}).get("/api/nothing")
    [asked] = told(receiver)
    assert (asked.parent_id, len(asked.trace_id)) == ("", 32)


def test_nothing_of_a_customer_is_told(receiver: Receiver) -> None:
    secrets = {"value": "jane@customer.example"}
    executor.run(services.enqueue("echo", secrets, key="jane@customer.example").pk)
    executor.run(services.enqueue("raise_text", {"text": "jane@customer.example"}).pk)
    with pytest.raises(Exception, match="value"):
        services.enqueue("echo", {"jane@customer.example": 1})
    assert len(told(receiver)) >= 6
    assert b"jane" not in b"".join(receiver.bodies)


def test_a_job_of_before_traces_were_on_begins_its_own(receiver: Receiver, settings: Settings) -> None:
    settings.JOBS = settings.JOBS | {"TRACES": False}
    job = services.enqueue("echo", {"value": 1})
    assert row(job.pk).trace is None
    settings.JOBS = settings.JOBS | {"TRACES": True}
    executor.run(job.pk)
    assert names(told(receiver)) == ["run echo"]


def test_the_place_survives_a_lost_worker(receiver: Receiver) -> None:
    job = services.enqueue("echo", {"value": 1})
    first = lifecycle.claim(job.pk, current(), new_id())
    assert first is not None
    Job.objects.filter(pk=job.pk).update(status="pending", claim=None)
    executor.run(job.pk)
    told(receiver)
    [ran], [enqueued] = receiver.named("run echo"), receiver.named("enqueue echo")
    assert (ran.trace_id, ran.attributes["fikiri.attempt"]) == (enqueued.trace_id, 2)


def test_a_receiver_that_is_away_fails_no_job_and_holds_up_no_end(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    settings.JOBS = settings.JOBS | {"TRACES": True}
    job = services.enqueue("echo", {"value": 1})
    executor.run(job.pk)
    assert row(job.pk).status == "completed"
    began = time.monotonic()
    spans.shut_down()
    assert time.monotonic() - began < 2 * spans.SEND_WITHIN + 1


def test_off_nothing_of_it_is_kept() -> None:
    assert not tracing.is_on()
    assert (tracing.here(), row(services.enqueue("echo", {"value": 1}).pk).trace) == (None, None)


@pytest.mark.slow
def test_off_nothing_of_it_is_imported() -> None:
    script = (
        "import django, sys; django.setup()\n"
        "from django.core.handlers.wsgi import WSGIHandler; WSGIHandler()\n"
        "from jobs import executor, services\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done: Any = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
