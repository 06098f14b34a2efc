"""Schemathesis: every operation of the description, with what fits and what does not, as staff and as somebody else."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import cycle
from typing import Any, NoReturn

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, settings
from knox.models import AuthToken
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from crm import services as crm
from crm.models import Lead
from email_automation.mailboxes.imap import HostRefusedError, hosts
from email_automation.models import FollowUp, FollowUpRule, Mailbox, Message, OutgoingMail, Rule, Suppression
from jobs import batches, broker
from jobs.api import events, schema
from jobs.models import Effect, Grant, Job, Quarantine, Schedule, WorkerBeat
from tests.jobs.api import states

EXAMPLES = 5  # of each operation and user, beside those that are made of the description alone
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
STATES: tuple[Callable[[int], Job], ...] = (
    states.waiting,
    states.running,
    states.completed,
    states.failed,
    states.dead,
    states.cancelled,
    states.in_doubt,
)

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(600),
    # A web server streams; here what a stream says at first is read at once.
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous iterators"),
]

description = schemathesis.openapi.from_dict(schema.document())
description.app = get_wsgi_application()


@pytest.fixture(autouse=True)
def kept_connection() -> Iterator[None]:
    """A request would close the connection that the test's transaction is on; Django's own client does the same."""
    ends = (signals.request_started, signals.request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    yield
    for signal in ends:
        signal.connect(close_old_connections)


@pytest.fixture
def credentials(who: str, owner: User, superuser: User) -> dict[str, str]:
    """One token for all that is sent: each that a user has is looked at with every request."""
    _, token = AuthToken.objects.create(owner if who == "owner" else superuser)
    return {"Authorization": f"Token {token}"}


@pytest.fixture
def ids(owner: User, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Iterator[str]]:
    """Of everything in the description what there is, in turn, and each time after it none: what was made up stays."""
    monkeypatch.setattr(events, "LASTS", 0)
    monkeypatch.setattr(hosts, "_addresses", nobody)
    jobs = [make(owner.pk) for make in STATES]
    Schedule.objects.create(name="nightly", task="tests.greet", every=3600, owner_id=owner.pk)
    known = {
        "job_id": [str(job.pk) for job in jobs],
        "batch_id": [str(batches.create("all", owner_id=owner.pk).pk)],
        "effect_id": [str(Effect.objects.get().pk)],
        "queue": ["email"],
        "name": ["nightly", "crm", "tests.greet"],
        "user_id": [str(owner.pk)],
        "lead_id": ["1"],
        "key": ["dead:email"],
        "fingerprint": [str(jobs[3].fingerprint)],
        **platform(monkeypatch),
        **mail_of(owner),
    }
    return {name: cycle([*there, ""]) for name, there in known.items()}


def platform(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A worker that no broker reaches, a message in quarantine, somebody's role and token."""
    monkeypatch.setattr(broker, "is_open", lambda: False)
    monkeypatch.setattr("celery.app.control.Control.broadcast", lambda *_, **__: None)
    now = timezone.now()
    worker = WorkerBeat.objects.create(
        boot=uuid.uuid4(), name="crm@h", host="h", pid=1, queues=["crm"], slots=2, pool="prefork",
        started_at=now, beat_at=now + timedelta(hours=1),
    )  # fmt: skip
    message = Quarantine.objects.create(queue="crm", reason="not JSON", digest="ab", size=1, head="{")
    somebody = User.objects.create_user("somebody")
    return {
        "worker_id": [str(worker.boot)],
        "quarantined_id": [str(message.pk)],
        "grant_id": [str(Grant.objects.create(user=somebody, role="viewer").pk)],
        "token_key": [AuthToken.objects.create(somebody)[0].token_key],
    }


def mail_of(owner: User) -> dict[str, list[str]]:
    """A mailbox, a message, and rules."""
    mailbox = Mailbox.objects.create(user=owner, kind="mbox", name="a", location="/a")
    message = Message.objects.create(mailbox=mailbox, digest="a", size=1, thread_key="a", text="Two pounds, please.")
    lead = Lead(user=owner, email="ada@acme.com")
    crm.add_lead(lead, by_id=None)
    Rule.objects.create(user=owner, name="a", then="nothing")
    rule = FollowUpRule.objects.create(user=owner, stage="new", days=1)
    now = timezone.now()
    follow_up = FollowUp.objects.create(user=owner, lead=lead, rule=rule, stage="new", since=now, due_at=now)
    return {
        "mailbox_id": [str(mailbox.pk)],
        "message_id": [str(message.pk)],
        "rule_id": [str(rule.pk)],
        "follow_up_id": [str(follow_up.pk)],
        "mail_id": [str(OutgoingMail.objects.create(user=owner, to=["ada@acme.com"], subject="a", body="b").pk)],
        "suppression_id": [str(Suppression.objects.create(user=owner, address="a@b.com", cause="manual").pk)],
    }


def nobody(host: str) -> NoReturn:
    """No name is looked up, and no host is connected to."""
    raise HostRefusedError(f"There is no host {host}.")


@pytest.mark.parametrize("who", ["owner", "superuser"])
@description.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_no_answer_is_an_accident(
    case: schemathesis.Case[Any], ids: Mapping[str, Iterator[str]], credentials: dict[str, str]
) -> None:
    for name in case.path_parameters or {}:
        case.path_parameters[name] = next(ids[name], None) or case.path_parameters[name]
    case.validate_response(case.call(headers=credentials), checks=CHECKS)
