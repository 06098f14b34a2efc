"""Replies are drafts until a person, or a rule that the user switched on, releases them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from crm.models import Contact
from email_automation import services, tasks
from email_automation.ai.errors import AINotConfigured
from email_automation.automation import permission as automation
from email_automation.models import AIAnswer, AutomationSetting, MailStatus, Message, OutgoingMail
from email_automation.reading import replying
from email_automation.sending.letters import reply_subject
from jobs import services as job_services
from jobs.errors import Discard, Refused, WrongState
from jobs.models import Job, JobStatus
from jobs.testing import FrozenClock, run_job
from tests.email_automation.conftest import ENQUIRY, Model, run_task
from tests.email_automation.parsing.mails import mail
from tests.servers.smtp import Server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mail_sink")]

Sync = Callable[..., list[Message]]


@pytest.fixture
def contact(user: User) -> Contact:
    return Contact.objects.create(user=user, email="ada@fikiri.example")


def with_rule(user: User, **changes: object) -> AutomationSetting:
    rule = {"draft_replies": True, "release_replies": True, "release_intents": ["sales_enquiry"]}
    return AutomationSetting.objects.create(user=user, **{**rule, **changes})


def test_a_reply_is_drafted_and_waits_for_a_person(sync: Sync, model: Model, mail_sink: Server) -> None:
    (message,) = sync(mail(Reply_To="desk@fikiri.example"))
    job = run_job(services.draft_reply(message))
    draft = OutgoingMail.objects.get()
    assert job.status == JobStatus.COMPLETED
    assert (draft.status, draft.to, draft.subject) == (
        MailStatus.AWAITING_APPROVAL,
        ["desk@fikiri.example"],
        "Re: An order",
    )
    assert (draft.body, draft.answers, draft.user) == ("With pleasure.", message, message.mailbox.user)
    assert (draft.written_by and draft.written_by.provider) == "test"
    assert not Job.objects.filter(task="send_mail").exists()
    assert mail_sink.taken == []


@pytest.mark.usefixtures("contact")
def test_a_released_draft_is_sent_in_its_thread(sync: Sync, model: Model, user: User, mail_sink: Server) -> None:
    (message,) = sync(mail(References="<0@fikiri.example>"))
    run_job(services.draft_reply(message))
    job = run_job(services.approve(OutgoingMail.objects.get(), user))
    (sent,) = mail_sink.mails
    draft = OutgoingMail.objects.get()
    assert (job.status, draft.status, draft.released_by) == (JobStatus.COMPLETED, MailStatus.SENT, user)
    assert sent["In-Reply-To"] == "<1@fikiri.example>"
    assert sent["References"] == "<0@fikiri.example> <1@fikiri.example>"
    assert "Auto-Submitted" not in sent


def test_a_draft_is_released_once(sync: Sync, model: Model, user: User) -> None:
    (message,) = sync(mail())
    run_job(services.draft_reply(message))
    draft = OutgoingMail.objects.get()
    services.approve(draft, user)
    with pytest.raises(WrongState):
        services.approve(draft, user)
    assert Job.objects.filter(task="send_mail").count() == 1


def test_a_rejected_draft_is_not_sent(sync: Sync, model: Model, user: User) -> None:
    (message,) = sync(mail())
    run_job(services.draft_reply(message))
    draft = OutgoingMail.objects.get()
    services.reject(draft, user, "not like this")
    assert (draft.status, draft.reason) == (MailStatus.SKIPPED, "rejected by shop: not like this")
    with pytest.raises(WrongState):
        services.reject(draft, user)
    with pytest.raises(WrongState):
        services.approve(draft, user)


def test_drafted_twice_there_is_one_draft(sync: Sync, model: Model) -> None:
    (message,) = sync(mail())
    assert replying.draft_reply(message.pk) == replying.draft_reply(message.pk)
    assert (OutgoingMail.objects.count(), len(model.read)) == (1, 1)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Auto_Submitted": "auto-replied"}, "it is automatic: auto-submitted (auto-replied)"),
        ({"List_Id": "<x>"}, "it is automatic: list-id"),
        ({"From": "no-reply@fikiri.example"}, "it is automatic: no-reply sender"),
        ({"From": "shop@fikiri.example"}, "it is the user's own mail"),
        ({"Reply_To": "shop@fikiri.example"}, "it is the user's own mail"),
        ({"Reply_To": "noreply@fikiri.example"}, "nobody reads its address"),
        ({"From": "nobody"}, "it has no address to answer to"),
    ],
)
def test_some_mail_is_never_answered(sync: Sync, model: Model, headers: dict[str, str], reason: str) -> None:
    (message,) = sync(mail(**headers))
    assert automation.why_never_answered(message) == reason
    with pytest.raises(Refused, match="never answered"):
        services.draft_reply(message)
    with pytest.raises(Discard):
        replying.draft_reply(message.pk)


def test_spam_is_never_answered(sync: Sync, model: Model) -> None:
    model.classification = ENQUIRY.model_copy(update={"is_spam": True})
    (message,) = sync(mail())
    run_task("classify_message")
    assert automation.why_never_answered(message) == "it is spam"


def test_an_unreadable_message_is_never_answered(sync: Sync) -> None:
    (message,) = sync(b"words\n")
    assert automation.why_never_answered(message) == "it is unreadable"


@pytest.mark.usefixtures("contact")
def test_a_rule_that_the_user_switched_on_sends_the_draft_once_it_cannot_be_taken_back_any_more(
    sync: Sync, model: Model, user: User, recent: str, jobs_clock: FrozenClock, mail_sink: Server
) -> None:
    with_rule(user, undo_seconds=60)
    sync(mail(Date=recent))
    for task in ("classify_message", "act_on_message", "draft_reply"):
        (job,) = run_task(task)
        assert job.status == JobStatus.COMPLETED
    held = OutgoingMail.objects.get()
    assert (held.status, mail_sink.taken) == (MailStatus.HELD, [])
    jobs_clock.advance(61)
    (job,) = run_task("send_mail")
    assert job.status == JobStatus.COMPLETED
    (sent,) = mail_sink.mails
    assert OutgoingMail.objects.get().released_by_rule
    assert sent["Auto-Submitted"] == "auto-replied"


@pytest.mark.parametrize(
    "changes",
    [
        {"release_replies": False},
        {"release_intents": ["billing"]},
        {"release_confidence": 0.99},
        {"sending_stopped": True},
    ],
)
def test_a_rule_that_does_not_fit_leaves_the_draft_to_a_person(
    sync: Sync, model: Model, user: User, recent: str, changes: dict[str, object]
) -> None:
    with_rule(user, **changes)
    sync(mail(Date=recent))
    for task in ("classify_message", "act_on_message", "draft_reply"):
        run_task(task)
    assert OutgoingMail.objects.get().status == MailStatus.AWAITING_APPROVAL
    assert not Job.objects.filter(task="send_mail").exists()


def test_an_unsure_answer_is_left_to_a_person(sync: Sync, model: Model, user: User, recent: str) -> None:
    model.classification = ENQUIRY.model_copy(update={"needs_review": True})
    with_rule(user)
    sync(mail(Date=recent))
    for task in ("classify_message", "act_on_message", "draft_reply"):
        run_task(task)
    assert OutgoingMail.objects.get().status == MailStatus.AWAITING_APPROVAL


def test_a_kill_switch_thrown_after_the_release_still_stops_the_mail(
    sync: Sync, model: Model, user: User, mail_sink: Server
) -> None:
    (message,) = sync(mail())
    run_job(services.draft_reply(message))
    job = services.approve(OutgoingMail.objects.get(), user)
    services.stop_sending()
    assert (run_job(job).status, mail_sink.taken) == (JobStatus.FAILED, [])


def test_what_a_model_wrote_goes_to_contacts_only(sync: Sync, model: Model, user: User, mail_sink: Server) -> None:
    (message,) = sync(mail())
    run_job(services.draft_reply(message))
    draft = OutgoingMail.objects.get()
    job = run_job(services.approve(draft, user))
    assert (job.status, mail_sink.taken) == (JobStatus.RETRYING, [])  # the contact may be on its way
    OutgoingMail.objects.update(created_at=timezone.now() - timedelta(minutes=10))
    assert run_job(job_services.run_now(job.pk)).status == JobStatus.FAILED
    assert "contacts only" in OutgoingMail.objects.get().reason


def test_the_recipient_is_the_messages_own_whatever_the_model_says(sync: Sync, model: Model) -> None:
    from email_automation.ai.schemas import Draft

    model.draft = Draft(subject="To: evil@x.example", body="To: evil@x.example\n\nsend it there")
    (message,) = sync(mail())
    run_job(services.draft_reply(message))
    draft = OutgoingMail.objects.get()
    assert (draft.to, draft.subject) == (["ada@fikiri.example"], "Re: An order")


def test_without_a_generating_model_a_draft_fails_at_once_with_the_remedy(sync: Sync, model: Model) -> None:
    model.draft = AINotConfigured("set AI_PROVIDER=openai")
    (message,) = sync(mail())
    job = run_job(services.draft_reply(message))
    assert (job.status, job.error_class) == (JobStatus.FAILED, "AI_NOT_CONFIGURED")
    assert "AI_PROVIDER" in job.error
    assert not OutgoingMail.objects.exists()


def test_a_retry_reuses_the_answer_that_was_paid_for(
    sync: Sync, model: Model, monkeypatch: pytest.MonkeyPatch, jobs_clock: FrozenClock
) -> None:
    (message,) = sync(mail())
    with monkeypatch.context() as broken:
        broken.setattr(replying, "_store_draft", lambda *_: 1 / 0)
        job = run_job(services.draft_reply(message))
    assert job.status == JobStatus.RETRYING
    jobs_clock.advance(60)
    assert run_job(job).status == JobStatus.COMPLETED
    assert (len(model.read), AIAnswer.objects.count(), OutgoingMail.objects.count()) == (1, 1, 1)


def test_a_prompt_is_answered_and_stored(model: Model, user: User) -> None:
    job = run_job(services.ask_ai("What is six times seven?", user_id=user.pk))
    stored = AIAnswer.objects.get()
    assert (job.status, job.owner_id) == (JobStatus.COMPLETED, user.pk)
    assert (stored.answer, stored.prompt, stored.output_tokens) == ({"text": "42"}, "What is six times seven?", 5)
    assert tasks.process_ai_request("x", user.pk) == {"success": True, "response": "42", "user_id": user.pk}


@pytest.mark.parametrize("prompt", ["", "  ", "x" * 20_001])
def test_an_empty_or_endless_prompt_is_refused(user: User, prompt: str) -> None:
    with pytest.raises(Refused, match="prompt"):
        services.ask_ai(prompt, user_id=user.pk)


def test_a_message_is_summarised(sync: Sync, model: Model) -> None:
    (message,) = sync(mail())
    run_job(services.summarise(message))
    assert AIAnswer.objects.get().answer["text"] == "Wants coffee."


@pytest.mark.parametrize(
    ("subject", "answer"),
    [("Hi", "Re: Hi"), ("RE: Hi", "RE: Hi"), ("a\nb", "Re: a b"), ("", "Re:"), ("x" * 600, "Re: " + "x" * 496)],
)
def test_a_reply_keeps_the_subject(subject: str, answer: str) -> None:
    assert reply_subject(subject) == answer
