"""Alerts arrive: signed, once where all goes well, again where it does not, and nowhere else."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.core import mail
from pytest_django import Settings

from fikiri.places import BASE
from jobs import services
from jobs.alerts import delivery, signing, tasks
from jobs.clock import Now
from jobs.errors import Refused
from jobs.models import Effect, Job, WorkerBeat
from jobs.testing import drain
from tests.docs import pages
from tests.jobs.states import HERE, row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis")]

ALERT = {
    "id": "dead:email:1:firing",
    "alert": "dead",
    "state": "firing",
    "queue": "email",
    "text": "1 job of queue email died.\r\nBcc: a@example.com",
    "since": "2026-11-23T12:00:00+00:00",
}
SECRET = "between-us"


class Receiver(HTTPServer):
    """Keeps what comes, and answers as it is told."""

    status = 204

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.came: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.came.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Silence."""


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    with Receiver() as server:
        settings.JOBS = settings.JOBS | {"ALERT_WEBHOOK": server.url, "ALERT_SECRET": SECRET}
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def deliver(way: str = "webhook") -> Job:
    job = services.enqueue(tasks.name_of(way, "crm"), {"alert": ALERT})
    drain(check=False)
    return row(job.pk)


def test_a_webhook_gets_the_alert_and_the_docs_snippet_knows_it(receiver: Receiver) -> None:
    assert deliver().status == "completed"
    [(path, headers, body)] = receiver.came
    assert (path, json.loads(body)) == ("/hook", ALERT)
    [snippet] = [block for block in pages.blocks(BASE / "docs/operations.md", "python") if "def is_ours" in block.text]
    namespace: dict[str, Any] = {}
    exec(snippet.text, namespace)
    is_ours, header = namespace["is_ours"], headers[signing.HEADER]
    assert is_ours(SECRET, header, body)
    assert not is_ours("another", header, body)
    assert not is_ours(SECRET, header, body + b" ")
    assert not is_ours(SECRET, signing.signature(SECRET, body, int(time.time()) - 3600), body)
    assert not is_ours(SECRET, re.sub(r"t=\d+", f"t={int(time.time()) + 1}", header), body)


@pytest.mark.parametrize("status", [301, 307, 404, 500])
def test_what_is_not_taken_comes_again_later_and_nothing_is_followed(receiver: Receiver, status: int) -> None:
    receiver.status = status
    job = deliver()
    assert (job.status, len(receiver.came)) == ("retrying", 1)
    assert f"answered {status}" in job.error
    assert Effect.objects.get().status == "failed"


def test_a_receiver_that_is_away_gets_it_later(settings: Settings) -> None:
    with Receiver() as gone:
        url = gone.url
    settings.JOBS = settings.JOBS | {"ALERT_WEBHOOK": url, "ALERT_SECRET": SECRET}
    assert deliver().status == "retrying"


def test_an_alert_is_delivered_once_however_often_it_is_asked_for(receiver: Receiver) -> None:
    assert [deliver().status, deliver().status] == ["completed", "completed"]
    assert len(receiver.came) == 1


@pytest.mark.parametrize(
    ("url", "secret", "field"),
    [
        ("file:///etc/passwd", "s", "ALERT_WEBHOOK"),
        ("ftp://example.com", "s", "ALERT_WEBHOOK"),
        ("https://", "s", "ALERT_WEBHOOK"),
        ("https://example.com/hook", "", "ALERT_SECRET"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused_naming_the_setting(url: str, secret: str, field: str) -> None:
    with pytest.raises(Refused) as refusal:
        delivery.check(url, secret)
    assert refusal.value.field == field


def test_a_mail_is_one_line_above_and_says_what_is_up(settings: Settings) -> None:
    settings.JOBS = settings.JOBS | {"ALERT_MAIL": ["ops@example.com", "ann@example.com"]}
    assert deliver("mail").status == "completed"
    [message] = mail.outbox
    assert message.to == ["ops@example.com", "ann@example.com"]
    assert message.subject == "[Fikiri] firing: 1 job of queue email died. Bcc: a@example.com"
    assert "Queue: email" in str(message.body)


def test_an_alert_goes_by_a_queue_that_is_served(settings: Settings) -> None:
    settings.JOBS = settings.JOBS | {"ALERT_MAIL": ["ops@example.com"]}
    assert tasks.channels() == ["alert_by_mail_crm"]
    WorkerBeat.objects.create(
        boot=HERE.boot, name=HERE.name, host="here", pid=1, queues=["ai"], slots=2, started_at=Now(), beat_at=Now(600)
    )
    assert tasks.channels() == ["alert_by_mail_ai"]
