"""A classifier that needs no key and no network: linear heads, beside rules for what headers say for certain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

from email_automation.ai import contacts, linear, rules
from email_automation.ai.actions import REVIEW_BELOW, suggested_action
from email_automation.ai.errors import AINotConfigured
from email_automation.ai.features import FORM, Features, features
from email_automation.ai.schemas import (
    Answer,
    Classification,
    Draft,
    Intent,
    MailText,
    Sentiment,
    Summary,
    Urgency,
    Usage,
)
from email_automation.ai.wording import stated_urgency

# A customer's enquiry in the spam folder costs more than an advertisement in the inbox.
SPAM_FROM = 0.6
SPAM_FROM_IF_CUSTOMER = 0.8
SPAM_FROM_IF_FOREIGN = 0.95
SPAM_PERHAPS = 0.4

SURE_OF_CUSTOMER = 0.6
FOREIGN = 0.3  # share of bytes outside ASCII: a script of which the model read little
FEW_BUCKETS = 8  # not even one word of some length

NEGATIVE_FROM, POSITIVE_FROM = 0.35, 0.4

_CUSTOMER = {Intent.SALES_ENQUIRY, Intent.SUPPORT, Intent.BILLING, Intent.APPOINTMENT, Intent.COMPLAINT}
_SENT_TO_MANY = (Intent.NEWSLETTER, Intent.NOTIFICATION, Intent.OTHER)


def spam_from(intent: Intent, probability: float, read: Features) -> float:
    """The probability from which a mail with this intent is called spam."""
    if read.form[FORM.index("foreign_letters")] > FOREIGN:
        return SPAM_FROM_IF_FOREIGN
    return SPAM_FROM_IF_CUSTOMER if intent in _CUSTOMER and probability >= SURE_OF_CUSTOMER else SPAM_FROM


@dataclass(frozen=True, slots=True)
class _View:
    intent: Intent
    confidence: float
    needs_review: bool


class OfflineProvider:
    """Classifies; what needs a generating model raises `AINotConfigured` at once."""

    name = "offline"

    def __init__(self, *, region: str = "") -> None:
        self._model = _model()
        self._region = region

    def classify(self, mail: MailText) -> tuple[Classification, Usage]:
        """Deterministic, about a millisecond; reads at most 20,000 characters."""
        read = features(mail)
        view = self._view(mail, read)
        urgency = self._urgency(mail, read)
        sentiment = self._sentiment(read)
        is_automatic = rules.is_automatic(mail)
        answer = Classification(
            intent=view.intent,
            urgency=urgency,
            sentiment=sentiment,
            is_spam=view.intent is Intent.SPAM,
            is_automatic=is_automatic,
            suggested_action=suggested_action(
                view.intent, urgency, sentiment, is_automatic=is_automatic, needs_review=view.needs_review
            ),
            contact=contacts.extract(mail, region=self._region),
            confidence=view.confidence,
            needs_review=view.needs_review,
        )
        return answer, Usage(provider=self.name, model="linear", version=self._model.version)

    def draft_reply(self, mail: MailText, *, instructions: str = "", sender: str = "") -> tuple[Draft, Usage]:
        _needs_a_model("drafting a reply")

    def summarise(self, mail: MailText) -> tuple[Summary, Usage]:
        _needs_a_model("summarising a mail")

    def answer(self, prompt: str) -> tuple[Answer, Usage]:
        _needs_a_model("answering a prompt")

    def _view(self, mail: MailText, read: Features) -> _View:
        if rules.is_bounce(mail) or rules.is_auto_reply(mail):
            return _View(Intent.NOTIFICATION, 1.0, needs_review=False)
        if len(read.buckets) < FEW_BUCKETS:
            return _View(Intent.OTHER, 0.0, needs_review=True)
        spam = self._model.spam_probability(read)
        intent, probability = self._intent(mail, read)
        if spam >= spam_from(intent, probability, read):
            return _View(Intent.SPAM, spam, needs_review=False)
        confidence = (1 - spam) * probability
        return _View(intent, confidence, needs_review=confidence < REVIEW_BELOW or spam >= SPAM_PERHAPS)

    def _intent(self, mail: MailText, read: Features) -> tuple[Intent, float]:
        """The likeliest intent among those that the mail's headers leave open."""
        probabilities = self._model.probabilities("intent", read)
        if rules.is_list(mail):
            total = sum(probabilities[intent] for intent in _SENT_TO_MANY) or 1.0
            probabilities = {intent: probabilities[intent] / total for intent in _SENT_TO_MANY}
        label, probability = max(probabilities.items(), key=lambda item: item[1])
        return Intent(label), min(probability, 1.0)

    def _urgency(self, mail: MailText, read: Features) -> Urgency:
        stated = stated_urgency(mail)
        if stated:
            return stated
        likely = self._model.probabilities("urgency", read)
        return Urgency(max(likely, key=lambda label: likely[label]))

    def _sentiment(self, read: Features) -> Sentiment:
        likely = self._model.probabilities("sentiment", read)
        if likely[Sentiment.NEGATIVE] >= max(NEGATIVE_FROM, likely[Sentiment.POSITIVE]):
            return Sentiment.NEGATIVE
        return Sentiment.POSITIVE if likely[Sentiment.POSITIVE] >= POSITIVE_FROM else Sentiment.NEUTRAL


@lru_cache(maxsize=1)
def _model() -> linear.LinearModel:
    return linear.load()


def _needs_a_model(what: str) -> NoReturn:
    raise AINotConfigured(
        f"{what} needs a generating model; set AI_PROVIDER=openai and OPENAI_API_KEY "
        "(or OPENAI_BASE_URL for a server of your own)"
    )
