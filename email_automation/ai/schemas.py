"""The words that a model may answer with, and what it is given to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Intent(StrEnum):
    SALES_ENQUIRY = "sales_enquiry"
    SUPPORT = "support"
    BILLING = "billing"
    APPOINTMENT = "appointment"
    COMPLAINT = "complaint"
    NEWSLETTER = "newsletter"
    NOTIFICATION = "notification"
    PERSONAL = "personal"
    SPAM = "spam"
    OTHER = "other"


class Urgency(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class Sentiment(StrEnum):
    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class SuggestedAction(StrEnum):
    REPLY = "reply"
    CREATE_LEAD = "create_lead"
    ESCALATE = "escalate"
    SCHEDULE = "schedule"
    ARCHIVE = "archive"
    REVIEW = "review"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class MailText:
    """One mail as a model reads it. Everything in it was written by a stranger.

    `text` is the readable body (HTML already made text). `headers` is a subset under lower-case names, such as
    auto-submitted, list-id, list-unsubscribe, precedence, return-path, content-type, x-mailer. `languages` are hints
    (Content-Language, the user's settings) as two-letter codes, best first.
    """

    subject: str = ""
    sender_name: str = ""
    sender_address: str = ""
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    has_html: bool = False
    attachments: int = 0
    languages: tuple[str, ...] = ()


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Line = Annotated[str, Field(max_length=200)]


class ContactDetails(_Answer):
    """Who wrote, as far as the mail says; empty text where it does not. `phone` is E.164."""

    name: Line = ""
    email: Annotated[str, Field(max_length=254)] = ""
    phone: Annotated[str, Field(max_length=16)] = ""
    company: Line = ""


class Classification(_Answer):
    """What a mail is. `confidence` is the probability (0..1) that `intent` is right."""

    intent: Intent
    urgency: Urgency
    sentiment: Sentiment
    is_spam: bool
    is_automatic: bool
    suggested_action: SuggestedAction
    contact: ContactDetails
    confidence: Annotated[float, Field(ge=0, le=1)]
    needs_review: bool


class Draft(_Answer):
    """A reply for a person to release. Who gets it is never the model's to say.

    `links_removed` counts links that the model put in and that the user's instructions do not hold.
    """

    subject: Line
    body: Annotated[str, Field(max_length=8_000)]
    links_removed: Annotated[int, Field(ge=0)] = 0


class Summary(_Answer):
    text: Annotated[str, Field(max_length=2_000)]
    points: Annotated[tuple[Annotated[str, Field(max_length=300)], ...], Field(max_length=10)] = ()


class Answer(_Answer):
    text: Annotated[str, Field(max_length=16_000)]


class Usage(_Answer):
    """Where an answer came from and what it cost. `version` is that of the weights, or of the prompts."""

    provider: str
    model: str
    version: str
    input_tokens: Annotated[int, Field(ge=0)] = 0
    output_tokens: Annotated[int, Field(ge=0)] = 0
