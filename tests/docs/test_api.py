"""Every `curl` line of the pages works as it stands, and gets an answer of the shape that is shown."""

import re
import uuid
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer
from rest_framework.test import APIClient

from email_automation import services
from email_automation.models import Message
from fikiri.places import BASE
from jobs import lifecycle, quarantine
from jobs import services as job_services
from jobs.models import Effect, Quarantine, Schedule, WorkerBeat
from tests.docs import curl, pages
from tests.docs.stand_ins import make_lead
from tests.docs.test_python import run_due_jobs
from tests.jobs.api import states

PAGE = pages.DOCS / "api.md"
PAGES = (PAGE, pages.DOCS / "automation.md", pages.DOCS / "searching.md", BASE / "README.md")
CODE = re.compile(r"`([A-Z_]{5,})`")


@pytest.mark.usefixtures("redis")
@pytest.mark.parametrize("example", [example for page in PAGES for example in curl.examples(page)], ids=str)
def test_every_line_gets_an_answer_as_shown(
    example: curl.Example, live_server: LiveServer, world: dict[str, str]
) -> None:
    for line in example.lines:
        status, answer = curl.send(line, live_server.url, world)
        assert status in ((404,) if line.endswith("/nobody") else (200, 201, 202)), answer
    assert curl.fits(example.shown, answer), answer


@pytest.mark.usefixtures("redis")
def test_the_status_of_a_sync_has_the_numbers_that_are_named(live_server: LiveServer, world: dict[str, str]) -> None:
    line = 'curl -H "$AUTH" http://127.0.0.1:8000/api/jobs/$SYNC'
    _, answer = curl.send(line, live_server.url, world)
    sentence = next(line for line in pages.prose(PAGE).split(".") if "A sync's status" in line)
    assert set(re.findall(r"`(\w+)`", sentence)) <= answer["data"].keys()


def test_the_table_of_errors_has_the_codes_of_the_code() -> None:
    source = "".join(
        path.read_text() for folder in ("jobs", "email_automation") for path in (BASE / folder).rglob("*.py")
    )
    codes = {row[0].strip("`") for row in pages.rows(PAGE) if CODE.fullmatch(row[0])}
    assert [code for code in codes if f'"{code}"' not in source] == []


@pytest.fixture
def world(user: User, one_message: Path) -> dict[str, str]:
    """The variables of the page: somebody with a mailbox, a lead, and a job that waits."""
    mailbox = services.add_mailbox(user, one_message)
    sync = services.sync_mailbox(mailbox)
    run_due_jobs()
    lead = make_lead(user.pk)
    job = job_services.enqueue(
        "send_email", {"to": "jane@example.com", "subject": "Hello", "body": "...", "user_id": user.pk}
    )
    job_services.enqueue("send_email", {"to": "a@example.com", "subject": "Hi", "body": "..."})
    gone = job_services.enqueue("send_email", {"to": "b@example.com", "subject": "Hi", "body": "..."})
    job_services.cancel(gone.pk, by="jane", reason="entered twice")
    Schedule.objects.create(name="nightly", task="update_crm", arguments={"lead_data": {}}, every=3600)
    quarantine.keep(b"{", "email", "not JSON")
    services.pause_mailbox(mailbox, by="jane")
    held = states.waiting()
    lifecycle.park(states.claimed(held), mailbox.hold, "the mailbox is paused")
    now = timezone.now()
    worker = WorkerBeat.objects.create(
        boot=uuid.uuid4(), name="email@host", host="host", pid=1, queues=["email"], slots=2, pool="prefork",
        started_at=now, beat_at=now + timedelta(minutes=5),
    )  # fmt: skip
    token = token_of(user)
    return {
        "FINGERPRINT": states.failed().fingerprint,
        "MAILBOX": str(mailbox.pk),
        "QUARANTINED": str(Quarantine.objects.get().pk),
        "WORKER": str(worker.boot),
        "PREVIEW": preview_of(user, "retry", status=["cancelled"]),
        "CANCEL_PREVIEW": preview_of(user, "cancel", q="task:send_email"),
        "EFFECT": str(doubt().pk),
        "TOKEN": token,
        "AUTH": f"Authorization: Token {token}",
        "JSON": "Content-Type: application/json",
        "JOB": str(job.pk),
        "SYNC": str(sync.pk),
        "BATCH": str(sync.batch_id),
        "USER_ID": str(user.pk),
        "LEAD": str(lead.pk),
        "MESSAGE": str(Message.objects.get().pk),
    }


def preview_of(user: User, act: str, **chosen: Any) -> str:
    client = APIClient()
    client.force_login(user)
    answer = client.post(f"/api/jobs/{act}", {"dry_run": True, **chosen}, format="json")
    return str(answer.json()["data"]["token"])


def doubt() -> Effect:
    job = states.in_doubt()
    return Effect.objects.create(key="welcome", job=job, attempt=1, kind="mail", created_at=timezone.now())


def token_of(user: User) -> str:
    made = StringIO()
    call_command("token", user.username, scope="admin", stdout=made, stderr=StringIO())
    return made.getvalue().strip()
