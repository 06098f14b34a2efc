"""Traces of real processes: one from the request to each attempt, told by the pool's own processes."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from jobs import services
from jobs.models import Role
from jobs.tracing import spans
from tests.integration.site import PATIENCE, Site, marks
from tests.jobs.api.people import a_user, with_role
from tests.servers.otlp import Receiver
from tests.servers.programs import eventually

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(300)]

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.fixture
def receiver(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with Receiver() as receiver:
        monkeypatch.setenv(ENDPOINT, receiver.url)
        settings.JOBS = settings.JOBS | {"TRACES": True}
        yield receiver
        spans.shut_down()


def test_one_trace_leads_from_a_request_to_every_attempt(own_site: Site, receiver: Receiver, tmp_path: Path) -> None:
    own_site.worker("email", env={ENDPOINT: receiver.url})
    own_site.dispatcher()
    client = Client()
    client.force_login(with_role(a_user("tracer", is_staff=True), Role.OPERATOR))
    body = {"task": "leave_mark", "args": {"path": str(tmp_path / "marks"), "times_to_fail": 1}}
    answer = client.post("/api/jobs", body, content_type="application/json")
    own_site.ends(json.loads(answer.content)["data"]["job_id"])
    spans.shut_down()
    eventually(lambda: len(receiver.named("run leave_mark")) == 2, PATIENCE, "both attempts are told")
    [asked] = receiver.named("POST api/jobs")
    story = receiver.of_trace(asked.trace_id)
    assert [span.name for span in story if not span.name.startswith("wait")] == [
        "POST api/jobs",
        "enqueue leave_mark",
        "run leave_mark",
        "run leave_mark",
    ]
    assert len(receiver.named("wait leave_mark")) == 2
    runs = receiver.named("run leave_mark")
    told = [(run.attributes["fikiri.attempt"], run.resource["process.pid"]) for run in runs]
    assert sorted(told) == marks(tmp_path / "marks")


def test_a_worker_that_stops_tells_what_it_has_not_told_yet(own_site: Site, receiver: Receiver) -> None:
    worker = own_site.worker("email", env={ENDPOINT: receiver.url, "OTEL_BSP_SCHEDULE_DELAY": "600000"})
    own_site.ends(services.enqueue("echo", {"value": 1}).pk)
    assert receiver.named("run echo") == []
    worker.send_signal(signal.SIGTERM)
    worker.wait(PATIENCE)
    eventually(lambda: receiver.named("run echo"), 1)
