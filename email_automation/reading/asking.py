"""Asking a model: within the daily cap, outside of any transaction, with its errors as a job's answers."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import F
from pydantic import BaseModel

from email_automation.ai.errors import AINotConfigured, ModelRefused, ModelUnavailable
from email_automation.ai.providers import ModelProvider, provider
from email_automation.ai.schemas import MailText, Usage
from email_automation.models import AIAnswer, AIUsage, Message
from email_automation.parsing.quotes import reply_text
from jobs import clock, context
from jobs.errors import Fail, Retry

FREE = {"offline"}  # providers that cost nothing
T = TypeVar("T")
Said = TypeVar("Said", bound=BaseModel)


def ask(question: Callable[[ModelProvider], tuple[T, Usage]]) -> tuple[T, Usage]:
    """Put a question to the model that the settings choose.

    Raises:
        Fail: it is not set up, or it refuses. Retry: it says when to come back, or today's calls are used up.
        ModelError: worth another try.
    """
    try:
        model = provider()
        if model.name not in FREE:
            _count_call(model.name)
        return question(model)
    except (AINotConfigured, ModelRefused) as error:
        raise Fail(str(error), code=error.code) from error
    except ModelUnavailable as error:
        if error.retry_after is None:
            raise
        raise Retry(error.retry_after, str(error), counts=error.counts) from error


def answered(row: AIAnswer, key: str, question: Callable[[ModelProvider], tuple[Said, Usage]]) -> AIAnswer:
    """The answer that this job stored before, else a new one, stored: a retry does not pay again. Raises as `ask`."""
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


def mail_text(message: Message, *, only_reply: bool = False) -> MailText:
    """A message as a model reads it. `only_reply` leaves out the mail that it answers."""
    return MailText(
        subject=message.subject,
        sender_name=message.from_name,
        sender_address=message.from_address,
        text=reply_text(message.text) if only_reply else message.text,
        headers=message.headers,
        has_html=message.has_html,
        attachments=message.attachment_count,
        languages=(message.language[:2],) if message.language else (),
    )


def prompt_hash(question: str, *parts: str | MailText) -> str:
    """Names what a model is given to read: the same again means the same answer again."""
    texts = [question, *(asdict(part) if isinstance(part, MailText) else part for part in parts)]
    return hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()


def _count_call(name: str) -> None:
    """One call more of today, unless the cap is reached. Counted before the call: a lost answer is paid for too."""
    now = clock.now()
    cap = int(settings.AI_DAILY_CALLS)
    with transaction.atomic():
        AIUsage.objects.get_or_create(provider=name, day=now.date())
        today = AIUsage.objects.filter(provider=name, day=now.date(), calls__lt=cap)
        if not today.update(calls=F("calls") + 1):
            midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
            reason = f"today's {cap} calls of {name} are used up (AI_DAILY_CALLS)"
            raise Retry((midnight - now).total_seconds(), reason, counts=False)
