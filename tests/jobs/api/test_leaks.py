"""Two users, every address, every id of the other's: nothing is told, not even that there is something."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from crm import services as crm
from crm.models import Lead
from email_automation.models import FollowUp, FollowUpRule, Mailbox, Message, OutgoingMail, Rule, Suppression
from jobs import batches
from jobs.api import schema
from jobs.models import Effect, Schedule
from tests.jobs.api import states

pytestmark = pytest.mark.long

PAGES = sorted(path for path in schema.document()["paths"] if "{" not in path and path != "/api/schema")
NUMBERED = ("effect", "lead", "mailbox", "message", "rule", "follow_up", "mail", "suppression")
OF_ROLES = (  # what belongs to nobody: tests/jobs/test_access_matrix.py
    "/api/alerts/", "/api/grants/", "/api/holds/", "/api/jobs/queue/", "/api/jobs/user/", "/api/quarantine/",
    "/api/queues/", "/api/tasks/", "/api/tokens/", "/api/workers/",
)  # fmt: skip
WITH_ID = sorted(
    (path, method)
    for path, item in schema.document()["paths"].items()
    for method in item
    if "{" in path and not path.startswith(OF_ROLES)
)
ABSENT = {
    "job_id": "01a2092a-0000-7000-8000-000000000000",
    "batch_id": "01a2092a-0000-7000-8000-000000000000",
    "name": "absent",
    "fingerprint": "0123456789abcdef",
} | {f"{name}_id": "4711" for name in NUMBERED}
STREAMS = ("/api/events",)
BODIES = {  # where none is refused before anything is looked up
    "/resolve": {"happened": True, "reason": "I looked"},
    "/actions": {"action": "mark_read"},
}


@pytest.fixture
def theirs(other: User) -> Mapping[str, str]:
    """Of everything one thing that belongs to the other user, with a name that would be seen."""
    job = states.failed(other.pk, key="their-secret-key", error="their secret error")
    batch = batches.create("their secret batch", owner_id=other.pk)
    states.waiting(other.pk, batch_id=batch.pk)
    doubt = states.in_doubt(other.pk)
    effect = Effect.objects.create(
        key="their secret effect", job=doubt, attempt=1, kind="mail", status="attempting", created_at=timezone.now()
    )
    Schedule.objects.create(name="their-secret", task="tests.greet", every=60, owner_id=other.pk)
    return {
        "job_id": str(job.pk),
        "batch_id": str(batch.pk),
        "effect_id": str(effect.pk),
        "name": "their-secret",
        "fingerprint": job.fingerprint,
        **mail_of(other),
    }


def mail_of(user: User) -> dict[str, str]:
    """Of mail and customers one thing each, with the number that the address takes."""
    mailbox = Mailbox.objects.create(user=user, kind="mbox", name="their secret", location="/their/secret")
    lead = Lead(user=user, email="ada@acme.com")
    crm.add_lead(lead, by_id=None)
    rule = FollowUpRule.objects.create(user=user, stage="new", days=1)
    now = timezone.now()
    made = {
        "lead": lead,
        "mailbox": mailbox,
        "message": Message.objects.create(mailbox=mailbox, digest="a", size=1, thread_key="a", text="their secret"),
        "rule": Rule.objects.create(user=user, name="their secret", then="nothing"),
        "follow_up": FollowUp.objects.create(user=user, lead=lead, rule=rule, stage="new", since=now, due_at=now),
        "mail": OutgoingMail.objects.create(user=user, to=["ada@acme.com"], subject="their secret", body="b"),
        "suppression": Suppression.objects.create(user=user, address="a@b.com", cause="manual"),
    }
    return {f"{name}_id": str(one.pk) for name, one in made.items()}


def ask(client: APIClient, method: str, path: str) -> tuple[int, Any]:
    body = next((body for end, body in BODIES.items() if path.endswith(end)), {})
    response = getattr(client, method)(path, None if method == "get" else body, format="json")
    return response.status_code, response.json()


@pytest.mark.parametrize(("path", "method"), WITH_ID)
def test_what_is_anothers_is_as_good_as_missing(
    as_owner: APIClient, theirs: Mapping[str, str], path: str, method: str
) -> None:
    status, answer = ask(as_owner, method, path.format_map(theirs))
    absent = ask(as_owner, method, path.format_map(ABSENT))
    named = next(theirs[name] for name in theirs if f"{{{name}}}" in path)
    missing = next(ABSENT[name] for name in theirs if f"{{{name}}}" in path)
    assert (status, json.dumps(answer).replace(named, missing)) == (404, json.dumps(absent[1]))


@pytest.mark.parametrize("path", [path for path in PAGES if path not in STREAMS])
def test_no_list_tells_of_anothers(as_owner: APIClient, other: User, path: str) -> None:
    if "get" not in schema.document()["paths"][path]:
        assert as_owner.get(path).status_code in (404, 405)
        return
    before = as_owner.get(path)
    states.failed(other.pk, error="their secret error")
    states.waiting(other.pk, key=str(uuid.uuid4()))
    batches.create("their secret batch", owner_id=other.pk)
    Schedule.objects.create(name="their-secret", task="tests.greet", every=60, owner_id=other.pk)
    after = as_owner.get(path)
    assert (after.status_code, after.json()) == (before.status_code, before.json())


@pytest.mark.parametrize("q", ["their", "error:secret", "key:their*", "status:failed", "owner:other", "args.name:Ada"])
def test_no_search_tells_of_anothers(as_owner: APIClient, theirs: Mapping[str, str], q: str) -> None:
    assert as_owner.get("/api/jobs", {"q": q}).json()["data"] == {"jobs": [], "count": 0, "next": None}
    assert as_owner.get("/api/failures", {"q": q}).json()["data"] == {"failures": [], "since": None}
    for act in ("cancel", "retry"):
        preview = as_owner.post(f"/api/jobs/{act}", {"q": q, "dry_run": True}, format="json").json()["data"]
        assert (preview["count"], preview["effects_made"]) == (0, 0)


@pytest.mark.parametrize("parameter", ["parent_id", "cursor", "batch_id"])
def test_no_filter_tells_of_anothers(as_owner: APIClient, theirs: Mapping[str, str], parameter: str) -> None:
    given = theirs["batch_id" if parameter == "batch_id" else "job_id"]
    absent = ABSENT["job_id"]
    told, nothing = (as_owner.get("/api/jobs", {parameter: value}) for value in (given, absent))
    assert (told.status_code, told.content.decode().replace(given, absent)) == (
        nothing.status_code,
        nothing.content.decode(),
    )
