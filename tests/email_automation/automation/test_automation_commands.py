"""Rules, follow-ups and approvals in a terminal."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from crm import services as crm
from crm.models import Lead
from email_automation import services
from email_automation.models import Author, FollowUp, MailStatus, Message, OutgoingMail, Rule
from email_automation.sending.letters import Letter
from jobs.models import AuditEntry, Job
from tests.email_automation.conftest import Model, run_task
from tests.email_automation.parsing.mails import mail

pytestmark = pytest.mark.django_db


def say(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def answer(*words: str) -> Any:
    return json.loads(say(*words, "--json"))


def test_a_rule_is_made_tried_switched_on_and_deleted(
    sync: Callable[..., list[Message]], model: Model, user: User
) -> None:
    sync(mail())
    run_task("classify_message")
    assert "No rule." in say("rules", "--user", "shop")
    made = answer("rules", "Orders", "--user", "shop", "--when", "subject:order", "--then", "draft_reply")["rules"]
    assert [(rule["name"], rule["enabled"]) for rule in made] == [("Orders", False)]
    assert "It holds of 1 of 1." in say("rules", "Orders", "--user", "shop", "--try")
    assert "It holds of 0 of 1." in say("rules", "--user", "shop", "--try", "--when", "is:unsure")
    say("rules", "Orders", "--user", "shop", "--on")
    assert Rule.objects.get().enabled
    say("rules", "Orders", "--user", "shop", "--delete")
    assert not Rule.objects.exists()
    assert list(AuditEntry.objects.order_by("id").values_list("verb", flat=True)) == ["add", "change", "delete"]


def test_rules_are_run_on_a_message(sync: Callable[..., list[Message]], model: Model, user: User) -> None:
    (message,) = sync(mail())
    run_task("classify_message")
    job = Job.objects.get(pk=say("rules", "--user", "shop", "--run", str(message.pk)).strip())
    assert job.arguments == {"message_id": message.pk, "asked_by": user.pk}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rules",), "Say who: --user NAME"),
        (("rules", "--user", "nobody"), "There is no user nobody"),
        (("rules", "a", "--user", "shop", "--on"), "There is no rule 'a'; with --then it is made"),
        (("rules", "a", "--user", "shop", "--then", "delete"), "Unknown action 'delete'"),
        (("rules", "--user", "shop", "--run", "7"), "shop has no message 7"),
        (("followups", "--user", "shop", "--on"), "Name the stage"),
        (("followups", "new", "--user", "shop", "--step", "2", "--on"), "with --days it is made"),
        (("followups", "--user", "shop", "--stop", "7"), "shop has no follow-up 7"),
        (("approvals", "approve", "7"), "There is no mail 7"),
    ],
)
def test_what_is_not_understood_is_said_with_the_remedy(user: User, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError, match=said.replace("(", r"\(")) as refused:
        say(*words)
    assert refused.value.returncode == 2


def test_follow_ups_are_offered_switched_on_and_stopped(user: User) -> None:
    crm.add_lead(Lead(user=user, email="ada@acme.com"), by_id=None)
    assert {rule["enabled"] for rule in answer("followups", "--user", "shop")["rules"]} == {False}
    on = answer("followups", "new", "--user", "shop", "--days", "2", "--text", "Hello {name}", "--on")
    assert [one["lead"] for one in on["follow_ups"]] == ["ada@acme.com"]
    assert "ada@acme.com" in say("followups", "--user", "shop")
    stopped = answer("followups", "--user", "shop", "--stop", str(FollowUp.objects.get().pk), "--reason", "we met")
    assert stopped["follow_ups"] == []
    say("followups", "new", "--user", "shop", "--step", "2", "--days", "5")
    assert (2, 5) in {(rule["step"], rule["days"]) for rule in answer("followups", "--user", "shop")["rules"]}


def test_what_waits_is_shown_approved_taken_back_and_rejected(user: User) -> None:
    letter = Letter(to="ada@acme.com", subject="Hello", body="Dear Ada", author=Author.MODEL, user_id=user.pk)
    waiting = services.propose(letter)
    number = str(waiting.pk)
    assert [one["id"] for one in answer("approvals", "--user", "shop")["waiting"]] == [waiting.pk]
    assert "Dear Ada" in say("approvals", "show", number)
    with pytest.raises(CommandError, match="Say who: --by NAME"):
        say("approvals", "approve", number)
    assert answer("approvals", "approve", number, "--by", "shop", "--hold", "60")["mail"]["status"] == MailStatus.HELD
    assert answer("approvals", "undo", number, "--by", "shop")["mail"]["status"] == MailStatus.AWAITING_APPROVAL
    say("approvals", "reject", number, "--by", "shop", "--reason", "no")
    assert OutgoingMail.objects.get().reason == "rejected by shop: no"
    assert "Nothing waits" in say("approvals")
