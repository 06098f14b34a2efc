"""Each POST of the description, sent twice under one key: done once, answered the same; with another body refused."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from email_automation.models import (
    FollowUp,
    FollowUpRule,
    Mailbox,
    MailStatus,
    Message,
    OutgoingMail,
)
from jobs import batches, broker, lifecycle, services
from jobs.api import schema
from jobs.clock import Now
from jobs.models import Alert, Effect, IdempotencyKey, Schedule, Silence, WorkerBeat
from tests.jobs.api import people, states

pytestmark = pytest.mark.django_db

superuser = people.superuser  # a fixture

KEY = "once-and-no-more"
OPERATIONS = {item["post"]["operationId"]: path for path, item in schema.document()["paths"].items() if "post" in item}
REFUSED = {  # and why
    "finish_gmail": "it takes what Google answered: tests/email_automation/connecting",
    "connect_gmail": "no client of Google's is set up here",
    "connect_imap": "it logs in at a server: tests/email_automation/mailboxes/imap",
    "act_on_message": "a message of a file is only read: tests/email_automation/mailboxes",
    "draft_reply": "the message has no address to answer to: tests/email_automation/reading",
    "run_rules": "the message is not classified: tests/email_automation/automation",
    "resolve_mail": "no mail is in doubt: tests/email_automation/sending",
    "undo_mail": "no mail is held: tests/email_automation/sending",
}
LOOKS = {"reveal_job"}  # nothing is changed, each look is recorded, and what was shown is kept nowhere

BODIES: dict[str, dict[str, Any]] = {
    "ask_model": {"prompt": "Write a short greeting."},
    "take_alert": {"reason": "mine"},
    "silence_alert": {"reason": "a deploy", "seconds": 60},
    "update_lead": {"email": "joan@acme.test"},
    "resolve_effect": {"happened": True, "reason": "it is in the Sent folder"},
    "add_follow_up_rule": {"days": 3, "stage": "proposal"},
    "grant_role": {"user": "root", "role": "viewer"},
    "enqueue_job": {"task": "tests.greet"},
    "change_job": {"delay": 60},
    "set_kill_switch": {"stopped": True, "reason": "an incident"},
    "reveal_job": {"reason": "the customer asks"},
    "cancel_jobs": {"q": "status:waiting", "dry_run": True},
    "retry_jobs": {"dry_run": True},
    "resolve_mail": {"happened": True, "reason": "it is in the Sent folder"},
    "send_mail": {"to": "jane@company.com", "subject": "Hello", "body": "How are you?"},
    "add_suppression": {"address": "jane@company.com"},
    "act_on_message": {"action": "mark_read"},
    "add_rule": {"name": "Sales", "then": "label:Sales"},
    "try_rule": {"when": "intent:sales_enquiry"},
    "add_schedule": {"name": "hourly", "task": "tests.greet", "every": 3600},
    "set_slots": {"slots": 4},
    "tick": {"seconds": 0.001},
    "finish_gmail": {"state": "x"},
    "connect_imap": {"host": "mail.example.com", "username": "a", "password": "b"},
}


@pytest.fixture
def things(superuser: User, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Of everything that a path names one thing; of a job, one in the state that the verb asks for."""
    monkeypatch.setattr(broker, "is_open", lambda: False)
    monkeypatch.setattr("celery.app.control.Control.broadcast", lambda *_, **__: None)
    owner = superuser.pk
    doubt = states.in_doubt(owner)
    effect = Effect.objects.create(key="e", job=doubt, attempt=1, kind="mail", created_at=Now())
    services.hold("door:7", "the door is shut")
    lifecycle.park(states.claimed(states.waiting(owner)), "door:7", "the door is shut")
    Alert.objects.create(key="dead:email", rule="dead", subject="email", text="t", since=Now(), seen_at=Now())
    Silence.objects.create(key="dead:crm", until=Now(60), by="ann", reason="a deploy")
    Schedule.objects.create(name="nightly", task="tests.greet", every=60, owner_id=owner)
    worker = WorkerBeat.objects.create(
        boot=uuid.uuid4(), name="w", host="h", pid=1, queues=["crm"], slots=2, pool="prefork",
        started_at=Now(), beat_at=Now(),
    )  # fmt: skip
    mail = mail_of(superuser)
    dead = states.dead(owner)
    return {
        "job_id": states.waiting(owner, delay=3600).pk,
        "dead": dead.pk,
        "batch_id": batches.create("all", owner_id=owner).pk,
        "effect_id": effect.pk,
        "fingerprint": dead.fingerprint,
        "key": "dead:email",
        "silent": "dead:crm",
        "held": "door:7",
        "worker_id": worker.boot,
        "name": "crm",
        "task": "tests.greet",
        "schedule": "nightly",
        **mail,
    }


def mail_of(user: User) -> dict[str, Any]:
    mailbox = Mailbox.objects.create(user=user, kind="mbox", name="a", location="/a")
    message = Message.objects.create(mailbox=mailbox, digest="a", size=1, thread_key="a", text="Two pounds, please.")
    from crm import services as crm
    from crm.models import Lead

    lead = Lead(user=user, email="ada@acme.com")
    crm.add_lead(lead, by_id=None)
    rule = FollowUpRule.objects.create(user=user, stage="new", days=1)
    follow_up = FollowUp.objects.create(user=user, lead=lead, rule=rule, stage="new", since=Now(), due_at=Now())
    outgoing = {
        status: OutgoingMail.objects.create(user=user, to=["ada@acme.com"], subject="a", body="b", status=status).pk
        for status in (MailStatus.DRAFT, MailStatus.AWAITING_APPROVAL)
    }
    return {
        "mailbox_id": mailbox.pk,
        "message_id": message.pk,
        "follow_up_id": follow_up.pk,
        "mail_id": outgoing[MailStatus.DRAFT],
        "waiting": outgoing[MailStatus.AWAITING_APPROVAL],
    }


OF_OPERATIONS = {  # which thing the path means, where the name alone does not say it
    "retry_job": {"job_id": "dead"},
    "speak_alert": {"key": "silent"},
    "release_hold": {"key": "held"},
    "pause_task": {"name": "task"},
    "resume_task": {"name": "task"},
    "pause_schedule": {"name": "schedule"},
    "resume_schedule": {"name": "schedule"},
    "run_schedule_now": {"name": "schedule"},
    "approve_mail": {"mail_id": "waiting"},
    "reject_mail": {"mail_id": "waiting"},
}


@pytest.fixture
def client(superuser: User) -> APIClient:
    made = APIClient()
    made.force_login(superuser)
    return made


def path_of(name: str, things: dict[str, Any]) -> str:
    meant = {part: things[other] for part, other in OF_OPERATIONS.get(name, {}).items()}
    return str(OPERATIONS[name].format_map(things | meant))


def post(client: APIClient, path: str, body: Any) -> Any:
    return client.post(path, body, format="json", HTTP_IDEMPOTENCY_KEY=KEY)


def writes(queries: CaptureQueriesContext) -> Iterator[str]:
    for query in queries.captured_queries:
        verb = query["sql"].split(maxsplit=1)[0].upper()
        if verb in ("INSERT", "UPDATE", "DELETE"):
            yield query["sql"]


@pytest.mark.parametrize("name", sorted(OPERATIONS.keys() - REFUSED.keys() - LOOKS))
def test_it_is_done_once(name: str, client: APIClient, things: dict[str, Any]) -> None:
    path, body = path_of(name, things), BODIES.get(name, {})
    first = post(client, path, body)
    assert first.status_code in (200, 201, 202), first.json()
    with CaptureQueriesContext(connection) as queries:
        again = post(client, path, body)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert (again["Idempotency-Replayed"], list(writes(queries))) == ("true", [])
    other = post(client, path, body | {"reason": "another"})
    assert (other.status_code, other.json()["code"]) == (422, "KEY_REUSED")


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_refused_leaves_its_key_free(name: str, client: APIClient, things: dict[str, Any]) -> None:
    answer = post(client, path_of(name, things), BODIES.get(name, {}))
    assert answer.status_code in (400, 404, 409, 503), answer.json()
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize("name", sorted(LOOKS))
def test_a_look_is_kept_nowhere(name: str, client: APIClient, things: dict[str, Any]) -> None:
    path = path_of(name, things)
    first, again = post(client, path, BODIES[name]), post(client, path, BODIES[name])
    assert (first.json(), "Idempotency-Replayed" in again.headers) == (again.json(), False)
    assert not IdempotencyKey.objects.exists()
