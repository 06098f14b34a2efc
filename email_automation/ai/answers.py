"""What a generating model may say, and how much of it is believed.

The schemas are plain (every field required, no limits) because servers support different subsets; the limits are ours
and applied here. Recipients, ids and actions are not in them.
"""

from __future__ import annotations

import math
import re

from pydantic import BaseModel

from email_automation.ai import contacts, rules
from email_automation.ai.actions import REVIEW_BELOW, suggested_action
from email_automation.ai.errors import ModelAnswerInvalid
from email_automation.ai.schemas import (
    Answer,
    Classification,
    ContactDetails,
    Draft,
    Intent,
    MailText,
    Sentiment,
    Summary,
    Urgency,
)

_LINK = re.compile(
    r"!?\[[^\]\n]{0,300}\]\([^)\s]{1,2000}\)|(?:https?|ftp|mailto|data|javascript):\S+|www\.\S+", re.IGNORECASE
)


class ClassificationAnswer(BaseModel):
    intent: Intent
    urgency: Urgency
    sentiment: Sentiment
    is_automatic: bool
    confidence: float
    name: str
    phone: str
    company: str


class DraftAnswer(BaseModel):
    subject: str
    body: str


class SummaryAnswer(BaseModel):
    text: str
    points: list[str]


def classification(said: ClassificationAnswer, mail: MailText, *, region: str = "") -> Classification:
    """The model's view beside what headers and the mail itself say for certain."""
    confidence = min(max(said.confidence, 0.0), 1.0) if math.isfinite(said.confidence) else 0.0
    is_automatic = said.is_automatic or rules.is_automatic(mail)
    needs_review = confidence < REVIEW_BELOW
    return Classification(
        intent=said.intent,
        urgency=said.urgency,
        sentiment=said.sentiment,
        is_spam=said.intent is Intent.SPAM,
        is_automatic=is_automatic,
        suggested_action=suggested_action(
            said.intent, said.urgency, said.sentiment, is_automatic=is_automatic, needs_review=needs_review
        ),
        contact=_contact(said, mail, region),
        confidence=confidence,
        needs_review=needs_review,
    )


def draft(said: DraftAnswer, mail: MailText, instructions: str) -> Draft:
    """A draft in bounds, without links that the user did not give; raises `ModelAnswerInvalid` when empty."""
    body, removed = _without_foreign_links(_text(said.body, 8_000), instructions)
    if not body:
        raise ModelAnswerInvalid("the model wrote an empty draft")
    subject = contacts.clean_line(said.subject) or contacts.clean_line(f"Re: {mail.subject}")
    return Draft(subject=_without_foreign_links(subject, instructions)[0], body=body, links_removed=removed)


def summary(said: SummaryAnswer) -> Summary:
    text = _text(said.text, 2_000)
    if not text:
        raise ModelAnswerInvalid("the model wrote an empty summary")
    points = (contacts.clean_line(point, 300) for point in said.points[:10])
    return Summary(text=text, points=tuple(point for point in points if point))


def answer(said: str) -> Answer:
    text = _text(said, 16_000)
    if not text:
        raise ModelAnswerInvalid("the model gave an empty answer")
    return Answer(text=text)


def _contact(said: ClassificationAnswer, mail: MailText, region: str) -> ContactDetails:
    """What was extracted, its gaps filled with what the model found and the mail really holds."""
    found = contacts.extract(mail, region=region)
    written = f"{mail.sender_name[:1000]}\n{mail.text[:20_000]}".casefold()
    filled = {
        label: value
        for label in ("name", "company")
        if (value := contacts.clean_line(getattr(said, label))) and value.casefold() in written
    }
    if said.phone.strip() and said.phone.strip() in written:
        filled["phone"] = contacts.phone_number(said.phone[:60], contacts.regions(mail.sender_address, region))
    return ContactDetails(**(filled | {label: value for label, value in found.model_dump().items() if value}))


def _text(value: str, limit: int) -> str:
    return "".join(char for char in value[: limit * 2] if char.isprintable() or char in "\n\t")[:limit].strip()


def _without_foreign_links(text: str, allowed: str) -> tuple[str, int]:
    removed = 0

    def keep_or_drop(match: re.Match[str]) -> str:
        nonlocal removed
        link = match.group().rstrip(".,;:!?)>\"'")
        if link in allowed:
            return match.group()
        removed += 1
        return "[link removed]"

    return _LINK.sub(keep_or_drop, text), removed
