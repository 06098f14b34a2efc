"""A message is classified: what it is, what to do about it, and who is behind it."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from crm.words import LEAD_INTENTS
from email_automation.ai.schemas import Classification as Answer
from email_automation.ai.schemas import Usage
from email_automation.automation.acting import has_rules
from email_automation.models import Classification, Message
from email_automation.reading.asking import ask, mail_text, prompt_hash
from email_automation.reading.people import crm_key, deserves_lead, lead_data
from jobs import context, services
from jobs.errors import Discard


@dataclass(frozen=True)
class Read:
    """A model's answer with where it came from, not stored yet."""

    answer: Answer
    usage: Usage
    prompt_hash: str


def classify(message_id: int, *, again: bool = False) -> Classification:
    """Have a message read and store what it is. What this job stored before, or anybody when not asked `again`, is
    reused: the model is not paid twice.

    Raises:
        Discard: there is nothing to classify.
    """
    message = Message.objects.select_related("mailbox__user").filter(pk=message_id).first()
    if message is None:
        raise Discard("the message was removed")
    if message.unreadable_reason:
        raise Discard("the message is unreadable")
    known = _known(message, again=again)
    if known:
        return known
    mail = mail_text(message, only_reply=True)
    answer, usage = ask(lambda model: model.classify(mail))
    return _store(message, Read(answer, usage, prompt_hash("classify", mail)))


def _known(message: Message, *, again: bool) -> Classification | None:
    if message.classified_at is None:
        return None
    running = context.current()
    mine = {"job_id": running.id} if again and running else {}
    return None if again and not mine else message.classifications.filter(is_current=True, **mine).first()


@transaction.atomic
def _store(message: Message, read: Read) -> Classification:
    """The answer and the jobs that come of it, or neither."""
    locked = Message.objects.select_for_update().only("classified_at").filter(pk=message.pk).first()
    if locked is None:
        raise Discard("the message was removed")
    if locked.classified_at:
        message.classifications.filter(is_current=True).update(is_current=False)
    running = context.current()
    answer = read.answer
    classification = Classification.objects.create(
        message=message,
        job_id=running.id if running else None,
        **read.usage.model_dump(),
        prompt_hash=read.prompt_hash,
        **answer.model_dump(mode="json"),
    )
    lead = deserves_lead(message, answer)
    message.classified_at = timezone.now()
    message.intent = answer.intent.value
    message.needs_review = answer.needs_review
    message.makes_lead = lead and answer.intent.value in LEAD_INTENTS
    message.save(update_fields=["classified_at", "intent", "needs_review", "makes_lead"])
    if lead:
        _update_crm(message, classification)
    if has_rules(message.mailbox.user_id):
        _have_rules_run(message, classification)
    return classification


def _update_crm(message: Message, classification: Classification) -> None:
    services.enqueue(
        "update_crm",
        {"lead_data": lead_data(message, classification)},
        key=crm_key(message, classification),
        owner_id=message.mailbox.user_id,
        batch_id=context.batch_id(),
    )


def _have_rules_run(message: Message, classification: Classification) -> None:
    services.enqueue(
        "act_on_message",
        {"message_id": message.pk},
        key=f"act:{message.pk}:{classification.pk}",
        owner_id=message.mailbox.user_id,
        batch_id=context.batch_id(),
    )
