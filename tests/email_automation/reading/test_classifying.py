"""A message is classified once, and only people become leads."""

from collections.abc import Callable

import pytest
from pytest_django.fixtures import Settings

from crm.models import Lead
from email_automation import services
from email_automation.ai.errors import AINotConfigured, ModelAnswerInvalid, ModelRefused, ModelUnavailable
from email_automation.ai.schemas import Intent, MailText
from email_automation.models import AIUsage, AutomationSetting, Classification, Mailbox, Message
from jobs.models import Job, JobStatus
from tests.email_automation.conftest import ENQUIRY, Model, run_task
from tests.email_automation.mailboxes.letters import letter
from tests.email_automation.parsing.mails import mail

pytestmark = pytest.mark.django_db

Sync = Callable[..., list[Message]]


def classify() -> Job:
    (job,) = run_task("classify_message")
    return job


def test_the_answer_is_stored_with_where_it_came_from(sync: Sync, model: Model) -> None:
    sync(mail())
    job = classify()
    stored = Classification.objects.get()
    message = stored.message
    assert job.status == JobStatus.COMPLETED
    assert (stored.intent, stored.confidence, stored.is_current) == ("sales_enquiry", 0.95, True)
    assert (stored.provider, stored.model, stored.version, stored.input_tokens) == ("test", "a-model", "1", 10)
    assert (stored.job_id, len(stored.prompt_hash)) == (job.pk, 64)
    assert (message.intent, message.makes_lead, message.classified_at is not None) == ("sales_enquiry", True, True)


def test_the_model_reads_what_was_written_this_time(sync: Sync, model: Model) -> None:
    sync(mail("New words.\n\nOn 5 Jan 2015, Bob wrote:\n> old words\n", List_Id="<x>"))
    classify()
    (read,) = model.read
    assert isinstance(read, MailText)
    assert (read.text, read.subject, read.sender_address) == ("New words.", "An order", "ada@fikiri.example")
    assert read.headers == {"list-id": "<x>"}


def test_a_lead_comes_of_an_enquiry(sync: Sync, model: Model) -> None:
    sync(mail())
    classify()
    (crm,) = run_task("update_crm")
    lead = Lead.objects.get()
    assert crm.status == JobStatus.COMPLETED
    assert (lead.email, lead.name, lead.company) == ("ada@fikiri.example", "Ada Lovelace", "Engines Ltd")
    assert crm.owner_id == Mailbox.objects.get().user_id


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"List_Id": "<coffee.fikiri.example>"},
        {"From": "no-reply@fikiri.example"},
        {"From": "shop@fikiri.example"},
        {"From": "Somebody without an address"},
        {"X_Gmail_Labels": "Spam"},
    ],
)
def test_machines_and_the_user_make_no_lead(sync: Sync, model: Model, headers: dict[str, str]) -> None:
    sync(mail(**headers))
    assert classify().status == JobStatus.COMPLETED
    assert not Job.objects.filter(task="update_crm").exists()
    assert not Message.objects.get().makes_lead


@pytest.mark.parametrize("said", [{"is_spam": True}, {"is_automatic": True}, {"intent": Intent.SPAM}])
def test_what_the_model_takes_for_no_person_makes_no_lead(sync: Sync, model: Model, said: dict[str, object]) -> None:
    model.classification = ENQUIRY.model_copy(update=said)
    sync(mail())
    classify()
    assert not Job.objects.filter(task="update_crm").exists()


def test_the_address_is_the_messages_own_whatever_the_model_says(sync: Sync, model: Model) -> None:
    contact = ENQUIRY.contact.model_copy(update={"email": "attacker@evil.example"})
    model.classification = ENQUIRY.model_copy(update={"contact": contact})
    sync(mail())
    classify()
    lead_data = Job.objects.get(task="update_crm").arguments["lead_data"]
    assert lead_data["email"] == "ada@fikiri.example"
    assert "attacker" not in str(lead_data)


def test_classified_before_it_is_not_asked_again(sync: Sync, model: Model) -> None:
    from email_automation.reading import classifying

    (message,) = sync(mail())
    first = classifying.classify(message.pk)
    assert classifying.classify(message.pk) == first
    assert len(model.read) == 1


def test_asked_again_the_new_answer_is_the_current_one(sync: Sync, model: Model) -> None:
    (message,) = sync(mail())
    classify()
    model.classification = ENQUIRY.model_copy(update={"intent": Intent.BILLING})
    services.classify_again(message)
    classify()
    message.refresh_from_db()
    assert message.intent == "billing"
    assert list(message.classifications.values_list("intent", "is_current")) == [
        ("billing", True),
        ("sales_enquiry", False),
    ]


def test_a_message_that_was_removed_is_no_error(sync: Sync, model: Model) -> None:
    sync(letter(1))
    Message.objects.all().delete()
    assert classify().status == JobStatus.CANCELLED


@pytest.mark.parametrize(
    ("error", "status", "failures"),
    [
        (AINotConfigured("set AI_PROVIDER"), JobStatus.FAILED, 0),
        (ModelRefused("no"), JobStatus.FAILED, 0),
        (ModelUnavailable("busy", retry_after=60, counts=False), JobStatus.RETRYING, 0),
        (ModelUnavailable("away"), JobStatus.RETRYING, 1),
        (ModelAnswerInvalid("not JSON"), JobStatus.RETRYING, 1),
    ],
)
def test_a_models_errors_become_the_jobs_answers(
    sync: Sync, model: Model, error: Exception, status: JobStatus, failures: int
) -> None:
    model.classification = error
    sync(mail())
    job = classify()
    assert (job.status, job.failures) == (status, failures)
    assert not Classification.objects.exists()


@pytest.mark.usefixtures("jobs_clock")
def test_paid_calls_stop_at_the_daily_cap(sync: Sync, model: Model, settings: Settings) -> None:
    settings.AI_DAILY_CALLS = 1
    model.name = "openai"
    sync(mail(), mail(Message_ID="<2@x>"))
    first, second = run_task("classify_message")
    assert (first.status, second.status, second.failures) == (JobStatus.COMPLETED, JobStatus.RETRYING, 0)
    assert (second.run_at - second.created_at).total_seconds() < 24 * 3600 + 60
    assert AIUsage.objects.get().calls == 1


def test_free_calls_are_not_counted(sync: Sync, model: Model, settings: Settings) -> None:
    settings.AI_DAILY_CALLS = 0
    sync(mail())
    assert classify().status == JobStatus.COMPLETED
    assert not AIUsage.objects.exists()


@pytest.mark.parametrize(("wanted", "drafts"), [(True, 1), (False, 0)])
def test_a_draft_is_asked_for_only_where_the_user_wants_drafts(
    sync: Sync, model: Model, wanted: bool, drafts: int, recent: str
) -> None:
    mailbox_user = sync(mail(Date=recent))[0].mailbox.user
    AutomationSetting.objects.create(user=mailbox_user, draft_replies=wanted)
    classify()
    run_task("act_on_message")
    assert Job.objects.filter(task="draft_reply").count() == drafts


def test_old_mail_is_not_answered_by_itself(sync: Sync, model: Model) -> None:
    (message,) = sync(mail())
    AutomationSetting.objects.create(user=message.mailbox.user, draft_replies=True)
    classify()
    run_task("act_on_message")
    assert not Job.objects.filter(task="draft_reply").exists()
