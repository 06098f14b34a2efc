"""Replies to messages, their summaries, and answers to prompts: each stored before it is used."""

from django.db import IntegrityError, transaction

from email_automation.ai.schemas import Answer as PromptAnswer
from email_automation.ai.schemas import Summary
from email_automation.automation.permission import may_send, undo_seconds, why_never_answered
from email_automation.models import OPEN, AIAnswer, MailKind, MailStatus, Message, OutgoingMail, RuleMatch
from email_automation.reading.asking import answered, mail_text, prompt_hash
from email_automation.reading.drafting import Words, draft
from email_automation.sending import releasing
from email_automation.sending.letters import Letter, reply_subject
from email_automation.sending.outbox import write
from jobs.errors import Discard


def draft_reply(message_id: int, match_id: int | None = None) -> OutgoingMail:
    """Draft a reply; a person approves it, or the rule that asked for it sends it. One open draft a message.

    Args:
        match_id: The rule's, if one asked for it.

    Raises:
        Discard: the message is one that is never answered.
    """
    message = _message(message_id)
    if reason := why_never_answered(message):
        raise Discard(f"not answered: {reason}")
    if known := message.replies.filter(status__in=OPEN).first():
        return known
    match = RuleMatch.objects.select_related("rule").filter(pk=match_id, message=message).first() if match_id else None
    words = draft(message, user_id=message.mailbox.user_id, text=match.text if match else "")
    return _store_draft(message, words, match)


def summarise(message_id: int) -> Summary:
    """Summarise a message."""
    message = _message(message_id)
    mail = mail_text(message)
    answer = answered(
        AIAnswer(user_id=message.mailbox.user_id, message=message, kind=AIAnswer.Kind.SUMMARY),
        prompt_hash("summarise", mail),
        lambda model: model.summarise(mail),
    )
    return Summary.model_validate(answer.answer)


def answer(prompt: str, user_id: int) -> PromptAnswer:
    """Answer a user's prompt."""
    stored = answered(
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


def _store_draft(message: Message, words: Words, match: RuleMatch | None) -> OutgoingMail:
    letter = Letter(
        to=message.answer_address,
        subject=reply_subject(message.subject),
        body=words.body,
        kind=MailKind.REPLY,
        author=words.author,
        user_id=message.mailbox.user_id,
        answers=message,
        written_by=words.answer,
    )
    try:
        with transaction.atomic():
            mail = write(letter, MailStatus.AWAITING_APPROVAL)
            if match and may_send(match) and words.is_complete:
                releasing.release(mail, by_rule=True, hold=undo_seconds(message.mailbox.user_id))
            return mail
    except IntegrityError:  # somebody else drafted one meanwhile
        return OutgoingMail.objects.get(answers=message, status__in=OPEN)
