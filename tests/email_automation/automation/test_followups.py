"""Leads who do not answer are written to again: planned, written, approved; stopped by an answer whenever it comes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from django.contrib.auth.models import User

from crm import services as crm
from crm.models import Lead
from crm.words import Stage
from email_automation import services
from email_automation.ai.errors import AINotConfigured
from email_automation.automation import followups, stopping
from email_automation.models import (
    AutomationSetting,
    FollowUp,
    FollowUpRule,
    FollowUpStatus,
    Mailbox,
    MailStatus,
    Message,
    OutgoingMail,
)
from jobs.models import Job, JobStatus
from jobs.testing import FrozenClock, run_job
from tests.email_automation.conftest import Model, run_task
from tests.email_automation.parsing.mails import mail
from tests.servers.smtp import Server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mail_sink")]

DAY = 24 * 3600


@pytest.fixture
def rule(user: User) -> FollowUpRule:
    return FollowUpRule.objects.create(user=user, stage="proposal", days=3, enabled=True, text="Hello {name}?")


@pytest.fixture
def lead(sync: Callable[..., list[Message]], model: Model, recent: str) -> Lead:
    """Somebody who wrote an hour ago."""
    sync(mail(Date=recent))
    run_task("classify_message")
    run_task("update_crm")
    return Lead.objects.get()


@pytest.fixture
def planned(lead: Lead, rule: FollowUpRule) -> FollowUp:
    crm.move_to_stage([lead.pk], Stage.PROPOSAL)
    return FollowUp.objects.get()


def job_of(follow_up: FollowUp) -> Job:
    assert follow_up.job_id
    return Job.objects.get(pk=follow_up.job_id)


def status(follow_up: FollowUp) -> tuple[str, str]:
    follow_up.refresh_from_db()
    return follow_up.status, follow_up.reason


def answer(add: Any, **headers: str) -> None:
    """Another letter arrives."""
    date = format_datetime(datetime.now(UTC))
    add(mail(**{"Message_ID": f"<{headers}@fikiri.example>", "Date": date, **headers}))


@pytest.fixture
def arrive(make_mailbox: Any, user: User) -> Callable[..., None]:
    def add(letter: bytes) -> None:
        mailbox = make_mailbox(letter)
        assert run_job(services.sync_mailbox(mailbox)).status == JobStatus.COMPLETED

    return lambda **headers: answer(add, **headers)


def test_a_lead_that_comes_into_a_stage_is_planned_for_its_day(planned: FollowUp, rule: FollowUpRule) -> None:
    job = job_of(planned)
    assert (planned.status, planned.rule, planned.stage) == (FollowUpStatus.WAITING, rule, "proposal")
    assert job.run_at == planned.due_at
    assert (planned.due_at - planned.since) == timedelta(days=3)
    assert planned.message == Message.objects.get()


def test_nothing_is_planned_that_nobody_switched_on(lead: Lead, user: User) -> None:
    services.offer_follow_ups(user)
    assert set(FollowUpRule.objects.values_list("stage", "days", "enabled")) == {
        ("new", 1, False),
        ("proposal", 3, False),
        ("qualified", 7, False),
    }
    crm.move_to_stage([lead.pk], Stage.PROPOSAL)
    assert not FollowUp.objects.exists()


def test_a_new_lead_is_planned_by_the_message_that_made_it(
    sync: Callable[..., list[Message]], model: Model, user: User, recent: str
) -> None:
    FollowUpRule.objects.create(user=user, stage="new", days=1, enabled=True)
    (message,) = sync(mail(Date=recent))
    run_task("classify_message")
    run_task("update_crm")
    follow_up = FollowUp.objects.get()
    assert (follow_up.since, follow_up.message) == (message.date, message)


@pytest.mark.parametrize("because", ["older than the connection", "its time is over"])
def test_a_lead_of_old_mail_is_not_followed_up(
    sync: Callable[..., list[Message]], model: Model, user: User, recent: str, because: str
) -> None:
    FollowUpRule.objects.create(user=user, stage="new", days=1, enabled=True)
    old = because == "its time is over"
    sync(mail(**({} if old else {"Date": recent})))
    if not old:
        Mailbox.objects.update(created_at=datetime.now(UTC))
    run_task("classify_message")
    run_task("update_crm")
    assert Lead.objects.exists()
    assert not FollowUp.objects.exists()


def test_when_its_time_has_come_it_is_written_and_a_person_approves(
    planned: FollowUp, model: Model, user: User, jobs_clock: FrozenClock, mail_sink: Server
) -> None:
    jobs_clock.advance(3 * DAY + 60)
    assert run_job(job_of(planned)).status == JobStatus.COMPLETED
    draft = OutgoingMail.objects.get()
    assert (draft.status, draft.to, draft.subject) == (
        MailStatus.AWAITING_APPROVAL,
        ["ada@fikiri.example"],
        "Re: An order",
    )
    assert (draft.kind, draft.author, draft.body) == ("follow_up", "model", "With pleasure.")
    assert run_job(services.approve(draft, user)).status == JobStatus.COMPLETED
    assert [one["to"] for one in mail_sink.taken] == [["ada@fikiri.example"]]


def test_it_is_held_and_sent_where_the_user_chose_so(
    planned: FollowUp, rule: FollowUpRule, user: User, jobs_clock: FrozenClock, mail_sink: Server
) -> None:
    FollowUpRule.objects.update(send=True)
    AutomationSetting.objects.create(user=user, undo_seconds=60)
    jobs_clock.advance(3 * DAY + 60)
    run_job(job_of(planned))
    assert (OutgoingMail.objects.get().status, mail_sink.taken) == (MailStatus.HELD, [])
    jobs_clock.advance(61)
    run_task("send_mail")
    assert OutgoingMail.objects.get().status == MailStatus.SENT


def test_without_a_model_the_text_of_the_rule_is_taken(
    planned: FollowUp, model: Model, jobs_clock: FrozenClock
) -> None:
    model.draft = AINotConfigured("set AI_PROVIDER=openai")
    jobs_clock.advance(3 * DAY + 60)
    run_job(job_of(planned))
    assert (OutgoingMail.objects.get().body, OutgoingMail.objects.get().author) == ("Hello Ada Lovelace?", "rule")


def test_without_a_model_and_a_text_nothing_is_invented(
    planned: FollowUp, model: Model, jobs_clock: FrozenClock
) -> None:
    model.draft = AINotConfigured("set AI_PROVIDER=openai")
    FollowUpRule.objects.update(text="")
    jobs_clock.advance(3 * DAY + 60)
    job = run_job(job_of(planned))
    assert (job.status, job.error_class) == (JobStatus.FAILED, "AI_NOT_CONFIGURED")
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize(
    "headers",
    [
        {"From": "Ada <ADA@fikiri.example>", "Subject": "Something else"},
        {"From": "colleague@fikiri.example", "In_Reply_To": "<1@fikiri.example>", "References": "<1@fikiri.example>"},
    ],
    ids=["from the address", "in the thread"],
)
def test_an_answer_stops_it(planned: FollowUp, arrive: Callable[..., None], headers: dict[str, str]) -> None:
    arrive(**headers)
    assert status(planned) == (FollowUpStatus.STOPPED, "they answered")
    assert job_of(planned).status == JobStatus.CANCELLED


@pytest.mark.parametrize(
    "headers",
    [
        {"From": "somebody@else.example"},
        {"Auto_Submitted": "auto-replied"},
        {"Date": "Thu, 22 Aug 2002 12:36:23 +0100"},
        {"From": "shop@fikiri.example", "To": "ada@fikiri.example"},
    ],
    ids=["somebody else", "a machine", "years ago", "ourselves"],
)
def test_what_is_no_answer_does_not(planned: FollowUp, arrive: Callable[..., None], headers: dict[str, str]) -> None:
    arrive(**headers)
    assert status(planned) == (FollowUpStatus.WAITING, "")


def test_an_answer_takes_back_what_is_written_already(
    planned: FollowUp, arrive: Callable[..., None], user: User, jobs_clock: FrozenClock
) -> None:
    FollowUpRule.objects.update(send=True)
    jobs_clock.advance(3 * DAY + 60)
    run_job(job_of(planned))
    arrive(Subject="Sorry, I was away")
    mail_ = OutgoingMail.objects.get()
    assert (mail_.status, mail_.reason) == (MailStatus.SKIPPED, "they answered")
    assert Job.objects.get(task="send_mail").status == JobStatus.CANCELLED


def test_an_answer_that_came_past_the_hook_is_seen_before_the_mail_goes(
    planned: FollowUp,
    user: User,
    jobs_clock: FrozenClock,
    arrive: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    mail_sink: Server,
) -> None:
    jobs_clock.advance(3 * DAY + 60)
    run_job(job_of(planned))
    job = services.approve(OutgoingMail.objects.get(), user)
    with monkeypatch.context() as deaf:
        deaf.setattr(stopping, "heard", lambda *_: None)
        arrive(Subject="Sorry")
    assert run_job(job).status == JobStatus.COMPLETED
    assert (OutgoingMail.objects.get().status, mail_sink.taken) == (MailStatus.SKIPPED, [])
    assert status(planned) == (FollowUpStatus.STOPPED, "they answered")


def test_another_stage_or_a_closed_lead_stops_it(planned: FollowUp) -> None:
    crm.move_to_stage([planned.lead_id], Stage.CLOSED)
    assert status(planned) == (FollowUpStatus.STOPPED, "the lead is closed")
    assert job_of(planned).status == JobStatus.CANCELLED


def test_a_rule_switched_off_stops_what_it_planned(planned: FollowUp, jobs_clock: FrozenClock) -> None:
    FollowUpRule.objects.update(enabled=False)
    jobs_clock.advance(3 * DAY + 60)
    run_job(job_of(planned))
    assert status(planned) == (FollowUpStatus.STOPPED, "its rule is switched off")


def test_a_lead_is_planned_once_by_a_rule(planned: FollowUp) -> None:
    crm.move_to_stage([planned.lead_id], Stage.QUALIFIED)
    crm.move_to_stage([planned.lead_id], Stage.PROPOSAL)
    assert FollowUp.objects.count() == 1
    assert Job.objects.filter(task="follow_up").count() == 1


def test_days_count_from_our_last_mail(planned: FollowUp, user: User, jobs_clock: FrozenClock) -> None:
    OutgoingMail.objects.create(
        user=user,
        to=[planned.lead.email],
        subject="The offer",
        body="x",
        status=MailStatus.SENT,
        sent_at=planned.since + timedelta(days=2),
    )
    jobs_clock.advance(3 * DAY + 60)
    waiting = run_job(job_of(planned))
    assert (waiting.status, waiting.failures) == (JobStatus.PENDING, 0)
    assert waiting.run_at - planned.since == pytest.approx(timedelta(days=5), abs=timedelta(seconds=5))
    jobs_clock.advance(2 * DAY)
    assert run_job(waiting).status == JobStatus.COMPLETED


def test_the_next_step_follows_the_first_once_it_has_gone(
    planned: FollowUp, rule: FollowUpRule, user: User, jobs_clock: FrozenClock
) -> None:
    FollowUpRule.objects.create(user=user, stage="proposal", step=2, days=4, enabled=True, text="Once more?")
    jobs_clock.advance(3 * DAY + 60)
    run_job(job_of(planned))
    second = FollowUp.objects.get(step=2)
    jobs_clock.advance(4 * DAY + 60)
    assert run_job(job_of(second)).status == JobStatus.PENDING  # the first still waits for a person
    services.reject(OutgoingMail.objects.get(), user, "not now")
    jobs_clock.advance(DAY)
    run_job(job_of(second))
    assert status(second) == (FollowUpStatus.STOPPED, "the mail before was not sent")


def test_switched_on_it_plans_for_those_whose_time_is_not_over(lead: Lead, user: User) -> None:
    crm.move_to_stage([lead.pk], Stage.PROPOSAL)
    rule = FollowUpRule.objects.create(user=user, stage="proposal", days=3)
    assert services.set_follow_up_rule(rule, enabled=True, by=user) == 1
    assert FollowUp.objects.get().lead == lead
    assert services.set_follow_up_rule(rule, enabled=False, by=user) == 1
    assert status(FollowUp.objects.get()) == (FollowUpStatus.STOPPED, "its rule was switched off")


def test_written_twice_it_is_one_mail(planned: FollowUp, jobs_clock: FrozenClock) -> None:
    jobs_clock.advance(3 * DAY + 60)
    assert followups.write(planned.pk).mail == followups.write(planned.pk).mail
    assert OutgoingMail.objects.count() == 1
