"""Drafts and summaries of messages, and answers to prompts: each stored before it is used."""

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, transaction
from pydantic import BaseModel

from email_automation import releasing
from email_automation.ai.providers import ModelProvider
from email_automation.ai.schemas import Answer as PromptAnswer
from email_automation.ai.schemas import Draft, Summary, Usage
from email_automation.asking import ask, mail_text, prompt_hash
from email_automation.automation import may_release, why_never_answered
from email_automation.letters import Letter, reply_subject
from email_automation.models import (
    OPEN,
    AIAnswer,
    Author,
    AutomationSetting,
    MailKind,
    MailStatus,
    Message,
    OutgoingMail,
)
from email_automation.outbox import write
from jobs import context
from jobs.errors import Discard

T = TypeVar("T", bound=BaseModel)


def draft_reply(message_id: int) -> OutgoingMail:
    """Draft a reply; a person releases it, or a rule that the user switched on. One open draft a message.

    Raises:
        Discard: the message is one that is never answered.
    """
    message = _message(message_id)
    if reason := why_never_answered(message):
        raise Discard(f"not answered: {reason}")
    if known := message.replies.filter(status__in=OPEN).first():
        return known
    setting = AutomationSetting.objects.filter(user_id=message.mailbox.user_id).first()
    instructions, sender = (setting.reply_instructions, setting.sender_name) if setting else ("", "")
    mail = mail_text(message)
    answer = _answered(
        AIAnswer(user_id=message.mailbox.user_id, message=message, kind=AIAnswer.Kind.DRAFT),
        prompt_hash("draft", mail, instructions, sender),
        lambda model: model.draft_reply(mail, instructions=instructions, sender=sender),
    )
    return _store_draft(message, answer)


def summarise(message_id: int) -> Summary:
    """Summarise a message."""
    message = _message(message_id)
    mail = mail_text(message)
    answer = _answered(
        AIAnswer(user_id=message.mailbox.user_id, message=message, kind=AIAnswer.Kind.SUMMARY),
        prompt_hash("summarise", mail),
        lambda model: model.summarise(mail),
    )
    return Summary.model_validate(answer.answer)


def answer(prompt: str, user_id: int) -> PromptAnswer:
    """Answer a user's prompt."""
    stored = _answered(
        AIAnswer(user_id=user_id, kind=AIAnswer.Kind.ANSWER, prompt=prompt),
        prompt_hash("answer", prompt),
        lambda model: model.answer(prompt),
    )
    return PromptAnswer.model_validate(stored.answer)


def _message(message_id: int) -> Message:
    message = Message.objects.select_related("mailbox__user").filter(pk=message_id).first()
    if message is None:
        raise Discard("the message was removed")
    return message


def _answered(row: AIAnswer, key: str, question: Callable[[ModelProvider], tuple[T, Usage]]) -> AIAnswer:
    """The answer that this job stored before, else a new one: a retry does not pay again."""
    running = context.current()
    known = AIAnswer.objects.filter(job_id=running.id).first() if running else None
    if known:
        return known
    said, usage = ask(question)
    for name, value in usage.model_dump().items():
        setattr(row, name, value)
    row.answer = said.model_dump(mode="json")
    row.prompt_hash = key
    row.job_id = running.id if running else None
    row.save()
    return row


def _store_draft(message: Message, answer: AIAnswer) -> OutgoingMail:
    draft = Draft.model_validate(answer.answer)
    letter = Letter(
        to=message.answer_address,
        subject=reply_subject(message.subject),
        body=draft.body,
        kind=MailKind.REPLY,
        author=Author.MODEL,
        user_id=message.mailbox.user_id,
        answers=message,
        written_by=answer,
    )
    try:
        with transaction.atomic():
            mail = write(letter, MailStatus.AWAITING_APPROVAL)
            if may_release(mail):
                releasing.release(mail, by_rule=True)
            return mail
    except IntegrityError:  # somebody else drafted one meanwhile
        return OutgoingMail.objects.get(answers=message, status__in=OPEN)
