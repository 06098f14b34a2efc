"""Rules act on new mail: each once, in order, explained on the message; by itself on no mail from before."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User

from crm.models import Lead
from email_automation.ai.errors import AINotConfigured
from email_automation.ai.schemas import Draft, Intent
from email_automation.automation import acting
from email_automation.models import Mailbox, MailStatus, Message, OutgoingMail, Rule, RuleMatch
from jobs.models import Job, JobStatus
from jobs.testing import run_job
from tests.email_automation.conftest import ENQUIRY, Model, run_task
from tests.email_automation.parsing.mails import mail

pytestmark = pytest.mark.django_db(transaction=True)

Sync = Callable[..., list[Message]]


@pytest.fixture
def make_rule(user: User) -> Callable[..., Rule]:
    def make(then: str, when: str = "", **more: Any) -> Rule:
        return Rule.objects.create(**{"user": user, "name": then, "when": when, "then": then, "enabled": True, **more})

    return make


def act() -> Job:
    run_task("classify_message")
    run_task("update_crm")
    (job,) = run_task("act_on_message")
    return job


def outcomes() -> list[dict[str, str]]:
    return [one for match in RuleMatch.objects.order_by("pk") for one in match.outcomes]


def test_without_rules_nothing_acts(sync: Sync, model: Model, recent: str) -> None:
    sync(mail(Date=recent))
    run_task("classify_message")
    assert not Job.objects.filter(task="act_on_message").exists()


def test_a_rule_that_is_off_does_nothing(sync: Sync, model: Model, make_rule: Any, recent: str) -> None:
    make_rule("summarise", enabled=False)
    make_rule("nothing")
    sync(mail(Date=recent))
    act()
    assert [match.name for match in RuleMatch.objects.all()] == ["nothing"]


def test_each_step_is_found_from_the_message(sync: Sync, model: Model, make_rule: Any, recent: str) -> None:
    make_rule("draft_reply summarise", "intent:sales_enquiry confidence:>=0.9")
    (message,) = sync(mail(Date=recent))
    job = act()
    match = message.rule_matches.get()
    assert (job.status, match.job_id) == (JobStatus.COMPLETED, job.pk)
    assert match.reasons == [
        {"word": "intent:sales_enquiry", "found": "sales_enquiry"},
        {"word": "confidence:>=0.9", "found": "0.95"},
    ]
    drafted, summarised = match.outcomes
    assert Job.objects.get(pk=drafted["job"]).task == "draft_reply"
    assert Job.objects.get(pk=summarised["job"]).task == "summarise_message"
    assert Job.objects.get(pk=drafted["job"]).parent_id == job.pk


def test_rules_go_in_order_until_one_stops(sync: Sync, model: Model, make_rule: Any, recent: str) -> None:
    make_rule("lead", name="third", order=30)
    make_rule("summarise", name="second", order=20, stop=True)
    make_rule("nothing", name="first", order=10)
    make_rule("archive", "intent:billing", name="no", order=1, stop=True)
    sync(mail(Date=recent))
    act()
    assert list(RuleMatch.objects.order_by("pk").values_list("name", flat=True)) == ["first", "second"]


def test_classified_again_a_rule_does_not_act_again(sync: Sync, model: Model, make_rule: Any, recent: str) -> None:
    make_rule("summarise")
    (message,) = sync(mail(Date=recent))
    act()
    acting.act(message.pk)
    assert Job.objects.filter(task="summarise_message").count() == 1


def test_of_two_replies_there_is_the_first(sync: Sync, model: Model, make_rule: Any, recent: str) -> None:
    make_rule("draft_reply", order=1)
    make_rule("send_reply", order=2)
    sync(mail(Date=recent))
    act()
    assert outcomes()[1] == {"do": "send_reply", "left_out": "an earlier rule answers it"}


def test_mail_from_before_the_connection_is_filed_and_never_answered(
    sync: Sync, model: Model, make_rule: Any, recent: str
) -> None:
    make_rule("send_reply escalate:boss@acme.test stage:qualified")
    sync(mail(Date=recent))
    Mailbox.objects.update(created_at=datetime.now(UTC))
    act()
    reply, escalation, stage = outcomes()
    assert reply["left_out"] == escalation["left_out"] == "it is older than the mailbox's connection"
    assert "job" in stage
    assert not OutgoingMail.objects.exists()


def test_where_a_person_has_rules_run_on_old_mail_a_person_approves(
    sync: Sync, model: Model, make_rule: Any, user: User
) -> None:
    make_rule("send_reply")
    (message,) = sync(mail())
    run_task("classify_message")
    RuleMatch.objects.all().delete()
    acting.act(message.pk, asked_by=user.pk)
    run_task("draft_reply")
    assert OutgoingMail.objects.get().status == MailStatus.AWAITING_APPROVAL


def test_a_rule_switched_off_meanwhile_sends_nothing(sync: Sync, model: Model, make_rule: Any, recent: str) -> None:
    rule = make_rule("send_reply")
    sync(mail(Date=recent))
    act()
    Rule.objects.filter(pk=rule.pk).update(enabled=False)
    run_task("draft_reply")
    assert OutgoingMail.objects.get().status == MailStatus.AWAITING_APPROVAL


def test_what_a_model_left_to_be_filled_in_is_never_sent_by_a_rule(
    sync: Sync, model: Model, make_rule: Any, recent: str
) -> None:
    model.draft = Draft(subject="x", body="It costs [to be filled in].")
    make_rule("send_reply")
    sync(mail(Date=recent))
    act()
    run_task("draft_reply")
    assert OutgoingMail.objects.get().status == MailStatus.AWAITING_APPROVAL


def test_without_a_model_the_text_of_the_rule_is_taken(
    sync: Sync, model: Model, make_rule: Any, recent: str, user: User
) -> None:
    model.draft = AINotConfigured("set AI_PROVIDER=openai")
    make_rule("draft_reply", text="Dear {name}, thank you for “{subject}”. {unknown} {sender}")
    sync(mail(Date=recent))
    act()
    run_task("draft_reply")
    draft = OutgoingMail.objects.get()
    assert draft.body == "Dear Ada Lovelace, thank you for “An order”. {unknown} shop"
    assert (draft.author, draft.written_by) == ("rule", None)


def test_a_machine_is_neither_answered_nor_a_lead(sync: Sync, model: Model, make_rule: Any, recent: str) -> None:
    make_rule("draft_reply lead")
    sync(mail(Date=recent, List_Id="<x>"))
    act()
    assert [one["left_out"] for one in outcomes()] == ["no person wrote it"] * 2
    assert not Lead.objects.exists()


def test_a_rule_makes_a_lead_in_the_stage_that_it_names(sync: Sync, model: Model, make_rule: Any, recent: str) -> None:
    model.classification = ENQUIRY.model_copy(update={"intent": Intent.SUPPORT})
    make_rule("stage:qualified", "intent:support")
    sync(mail(Date=recent))
    act()
    run_task("update_crm")
    assert Lead.objects.get().stage == "qualified"


def test_a_rule_that_asks_for_the_lead_waits_for_the_crm(sync: Sync, model: Model, make_rule: Any, recent: str) -> None:
    make_rule("summarise", "is:lead stage:new")
    sync(mail(Date=recent))
    run_task("classify_message")
    waiting = run_job(Job.objects.get(task="act_on_message"))
    assert (waiting.status, waiting.failures) == (JobStatus.PENDING, 0)
    run_task("update_crm")
    Job.objects.filter(pk=waiting.pk).update(run_at=datetime.now(UTC))
    assert run_job(waiting).status == JobStatus.COMPLETED
    assert RuleMatch.objects.get().name == "summarise"


def test_escalating_tells_a_person_in_our_own_words(
    sync: Sync, model: Model, make_rule: Any, recent: str, user: User
) -> None:
    make_rule(f"escalate:{user.username}", "sentiment:positive")
    sync(mail("Buy this: https://evil.test\n", Date=recent))
    act()
    told = OutgoingMail.objects.get()
    assert (told.to, told.released_by_rule, told.author) == ([user.email], True, "product")
    assert "evil.test" not in told.body
    assert "An order" in told.subject


def test_whom_nobody_can_write_to_is_said(sync: Sync, model: Model, make_rule: Any, recent: str) -> None:
    make_rule("escalate:nobody")
    sync(mail(Date=recent))
    act()
    assert outcomes() == [{"do": "escalate:nobody", "left_out": "nobody is no address, nor a user who has one"}]


def test_a_rule_of_other_code_stops_no_others(sync: Sync, model: Model, make_rule: Any, recent: str) -> None:
    make_rule("summarise", "moon:full", order=1)
    make_rule("nothing", order=2)
    sync(mail(Date=recent))
    assert act().status == JobStatus.COMPLETED
    assert [match.name for match in RuleMatch.objects.all()] == ["nothing"]


def test_a_rule_explains_itself_on_any_message(sync: Sync, model: Model, make_rule: Any) -> None:
    (message,) = sync(mail())
    rule = make_rule("nothing", "from:fikiri.example intent:support", enabled=False)
    assert [reason.holds for reason in acting.explain(rule, message)] == [True, False]
