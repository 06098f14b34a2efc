"""Mailboxes, messages, rules and follow-ups over REST: one's own, with clear errors, each change recorded."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from crm import services as crm
from crm.models import Lead
from email_automation import services
from email_automation.models import FollowUp, FollowUpRule, Mailbox, Message, Rule
from jobs.models import AuditEntry, Job, JobStatus
from jobs.testing import run_job
from tests.email_automation.conftest import Model, run_task
from tests.email_automation.mailboxes.letters import letter
from tests.email_automation.parsing.mails import mail

pytestmark = pytest.mark.django_db

Sync = Callable[..., list[Message]]


@pytest.fixture
def client(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def other(stranger: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(stranger)
    return client


def ask(client: APIClient, method: str, path: str, data: object = None) -> tuple[int, Any]:
    response = getattr(client, method)(f"/api/{path}", data, format="json" if method != "get" else None)
    return response.status_code, response.json()


def data(client: APIClient, method: str, path: str, given: object = None) -> Any:
    status, body = ask(client, method, path, given)
    assert status in (200, 202), body
    return body["data"]


def test_a_mailbox_is_listed_paused_and_goes_on_where_it_was(
    client: APIClient, make_mailbox: Callable[..., Mailbox], user: User
) -> None:
    mailbox = make_mailbox(letter(1))
    assert [one["id"] for one in data(client, "get", "mailboxes")["mailboxes"]] == [mailbox.pk]
    assert data(client, "post", f"mailboxes/{mailbox.pk}/pause", {"reason": "moving"})["paused"] is True
    job = Job.objects.get(pk=data(client, "post", f"mailboxes/{mailbox.pk}/sync")["job_id"])
    held = run_job(job)
    assert (held.status, Message.objects.count()) == (JobStatus.PENDING, 0)
    assert "moving" in held.reason or "paused" in held.reason
    assert data(client, "post", f"mailboxes/{mailbox.pk}/resume")["paused"] is False
    assert run_job(job).status == JobStatus.COMPLETED
    assert Message.objects.count() == 1
    assert list(AuditEntry.objects.order_by("id").values_list("verb", flat=True)) == ["pause", "resume"]


def test_a_message_is_read_with_its_text_and_what_the_model_says(client: APIClient, sync: Sync, model: Model) -> None:
    (message,) = sync(mail())
    run_task("classify_message")
    read = data(client, "get", f"messages/{message.pk}")
    assert (read["text"], read["classification"]["intent"]) == ("Two pounds, please.", "sales_enquiry")
    assert read["to"] == [{"name": "Shop", "address": "shop@fikiri.example"}]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("from:ada@fikiri.example", 1),
        ("from:fikiri.example", 1),
        ("from:lovelace", 1),
        ("from:ikiri.example", 0),
        ("subject:order", 1),
        ("pounds", 1),
        ('"Two pounds"', 1),
        ("-pounds", 0),
        ("intent:sales_enquiry", 1),
        ("intent:billing,sales_enquiry is:lead", 1),
        ("is:unsure", 0),
        ("-is:unsure -has:attachment", 1),
        ("date:2002-08-22", 1),
        ("date:>2002-08-22", 0),
        ("date:<2003-01-01", 1),
    ],
)
def test_messages_are_found_by_the_language_of_searches(
    client: APIClient, sync: Sync, model: Model, q: str, found: int
) -> None:
    sync(mail())
    run_task("classify_message")
    assert data(client, "get", f"messages?q={q}")["count"] == found


@pytest.mark.parametrize("q", ["colour:red", "intent:x", "is:x", "has:x", "date:soon", "mailbox:x", "intent:>billing"])
def test_a_search_that_is_none_is_refused_naming_it(client: APIClient, q: str) -> None:
    status, body = ask(client, "get", f"messages?q={q}")
    assert (status, body["field"], body["code"]) == (400, "q", "BAD_QUERY")


def test_the_story_of_a_message_is_told(client: APIClient, sync: Sync, model: Model) -> None:
    (message,) = sync(mail())
    run_task("classify_message")
    steps = data(client, "get", f"messages/{message.pk}/timeline")["steps"]
    assert [step["kind"] for step in steps] == ["written", "stored", "classified"]
    assert steps[1]["job_id"] == str(Job.objects.get(task="process_gmail_sync").pk)


def test_rules_are_run_on_a_message_as_asked(client: APIClient, sync: Sync, model: Model, user: User) -> None:
    (message,) = sync(mail())
    status, body = ask(client, "post", f"messages/{message.pk}/rules")
    assert (status, body["field"]) == (400, "message")
    run_task("classify_message")
    job = Job.objects.get(pk=data(client, "post", f"messages/{message.pk}/rules")["job_id"])
    assert job.arguments == {"message_id": message.pk, "asked_by": user.pk}


def test_a_rule_is_written_tried_switched_and_deleted(client: APIClient, sync: Sync, model: Model) -> None:
    sync(mail(), letter(2))
    run_task("classify_message")
    tried = data(client, "post", "rules/try", {"when": "subject:order"})
    assert (len(tried["messages"]), tried["holds"]) == (2, 1)
    assert tried["messages"][0]["reasons"] == [{"word": "subject:order", "holds": False, "found": "Letter 2"}]
    rule = data(client, "post", "rules", {"name": "Orders", "when": "subject:order", "then": "draft_reply"})
    assert rule["enabled"] is False
    assert data(client, "patch", f"rules/{rule['id']}", {"enabled": True})["enabled"] is True
    assert [one["name"] for one in data(client, "get", "rules")["rules"]] == ["Orders"]
    data(client, "delete", f"rules/{rule['id']}")
    assert not Rule.objects.exists()
    assert list(AuditEntry.objects.order_by("id").values_list("verb", flat=True)) == ["add", "change", "delete"]


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"when": "", "then": "nothing"}, "name"),
        ({"name": "a", "then": ""}, "then"),
        ({"name": "a", "then": "delete"}, "then"),
        ({"name": "a", "then": "nothing", "when": "moon:full"}, "when"),
        ({"name": "a", "then": "nothing", "order": -1}, "order"),
        ({"name": "a\nb", "then": "nothing"}, "name"),
        ({"name": "a", "then": "nothing", "user": 1}, "user"),
        ({"name": "taken", "then": "nothing"}, "name"),
    ],
)
def test_a_rule_that_is_none_is_refused_naming_the_field(
    client: APIClient, user: User, rule: dict[str, Any], field: str
) -> None:
    Rule.objects.create(user=user, name="taken", then="nothing")
    status, body = ask(client, "post", "rules", rule)
    assert (status, body["field"]) == (400, field)


def test_follow_up_rules_are_offered_switched_off(client: APIClient) -> None:
    assert data(client, "get", "follow-up-rules") == {"rules": [], "usual": {"new": 1, "proposal": 3, "qualified": 7}}
    rules = data(client, "post", "follow-up-rules/usual")["rules"]
    assert [(one["stage"], one["days"], one["enabled"]) for one in rules] == [
        ("new", 1, False),
        ("proposal", 3, False),
        ("qualified", 7, False),
    ]


def test_a_follow_up_is_planned_listed_and_stopped(client: APIClient, user: User) -> None:
    lead = Lead(user=user, email="ada@acme.com")
    crm.add_lead(lead, by_id=user.pk)
    rule = data(client, "post", "follow-up-rules", {"stage": "new", "days": 2, "text": "Hello?"})
    assert data(client, "patch", f"follow-up-rules/{rule['id']}", {"enabled": True})["leads"] == 1
    (planned,) = data(client, "get", "follow-ups?status=waiting")["follow_ups"]
    assert planned["lead_id"] == lead.pk
    stopped = data(client, "post", f"follow-ups/{planned['id']}/stop", {"reason": "we met"})
    assert (stopped["status"], stopped["reason"]) == ("stopped", "stopped by shop: we met")
    assert ask(client, "post", f"follow-ups/{planned['id']}/stop")[0] == 409
    assert data(client, "delete", f"follow-up-rules/{rule['id']}")["leads"] == 0


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"stage": "closed", "days": 1}, "stage"),
        ({"stage": "new", "days": 0}, "days"),
        ({"stage": "new", "days": 400}, "days"),
        ({"stage": "new", "days": 1, "step": 11}, "step"),
        ({"stage": "proposal", "days": 3}, "step"),
    ],
)
def test_a_follow_up_rule_that_is_none_is_refused_naming_the_field(
    client: APIClient, user: User, rule: dict[str, Any], field: str
) -> None:
    FollowUpRule.objects.create(user=user, stage="proposal", days=3)
    status, body = ask(client, "post", "follow-up-rules", rule)
    assert (status, body["field"]) == (400, field)


def test_everything_is_stopped_and_allowed_again_by_its_user(client: APIClient) -> None:
    assert data(client, "get", "automation")["stopped"] is None
    changed = data(client, "patch", "automation", {"sending_stopped": True, "undo_seconds": 30})
    assert (changed["stopped"], changed["undo_seconds"]) == ("sending is stopped for this user", 30)
    assert ask(client, "patch", "automation", {"undo_seconds": 1})[1]["field"] == "undo_seconds"
    assert data(client, "patch", "automation", {"sending_stopped": False})["stopped"] is None


def test_nobody_finds_what_is_somebody_elses(client: APIClient, other: APIClient, sync: Sync, user: User) -> None:
    (message,) = sync(mail())
    now = timezone.now()
    lead = Lead(user=user, email="ada@acme.com")
    crm.add_lead(lead, by_id=None)
    rule = services.add_rule(user, by="shop", name="a", then="nothing")
    mine = FollowUpRule.objects.create(user=user, stage="new", days=1)
    planned = FollowUp.objects.create(user=user, lead=lead, stage="new", since=now, due_at=now + timedelta(days=1))
    for method, path in (
        ("get", f"mailboxes/{message.mailbox_id}"),
        ("post", f"mailboxes/{message.mailbox_id}/sync"),
        ("post", f"mailboxes/{message.mailbox_id}/pause"),
        ("get", f"messages/{message.pk}"),
        ("get", f"messages/{message.pk}/timeline"),
        ("post", f"messages/{message.pk}/rules"),
        ("post", f"messages/{message.pk}/draft"),
        ("get", f"rules/{rule.pk}"),
        ("patch", f"rules/{rule.pk}"),
        ("delete", f"rules/{rule.pk}"),
        ("patch", f"follow-up-rules/{mine.pk}"),
        ("delete", f"follow-up-rules/{mine.pk}"),
        ("post", f"follow-ups/{planned.pk}/stop"),
    ):
        assert ask(other, method, path)[0] == 404, path
        assert ask(client, method, path.replace(path.split("/")[1], "9" * 30))[0] == 404, path
    for path in ("mailboxes", "messages", "rules", "follow-ups", "follow-up-rules"):
        assert not any(value for value in data(other, "get", path).values() if isinstance(value, list)), path
