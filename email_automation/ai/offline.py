"""A classifier that needs no key and no network: linear heads, beside rules for what headers say for certain."""

from __future__ import annotations

from functools import lru_cache
from typing import NoReturn

from email_automation.ai import contacts, linear, rules
from email_automation.ai.actions import REVIEW_BELOW, suggested_action
from email_automation.ai.errors import AINotConfigured
from email_automation.ai.features import features
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

# A customer's enquiry in the spam folder costs more than an advertisement in the inbox.
SPAM_FROM = 0.7
SPAM_PERHAPS = 0.4

_SENT_TO_MANY = (Intent.NEWSLETTER, Intent.NOTIFICATION, Intent.OTHER)


class OfflineProvider:
    """Classifies; what needs a generating model raises `AINotConfigured` at once."""

    name = "offline"

    def __init__(self, *, region: str = "") -> None:
        self._model = _model()
        self._region = region

    def classify(self, mail: MailText) -> tuple[Classification, Usage]:
        read = features(mail)
        is_automatic = rules.is_automatic(mail)
        spam = self._model.spam_probability(read)
        intent, probability = self._intent(mail, self._model.probabilities("intent", read))
        certain = rules.is_auto_reply(mail) or rules.is_bounce(mail)
        is_spam = spam >= SPAM_FROM and not certain
        confidence = spam if is_spam else probability if certain else (1 - spam) * probability
        needs_review = confidence < REVIEW_BELOW or (not is_spam and not certain and spam >= SPAM_PERHAPS)
        intent = Intent.SPAM if is_spam else intent
        urgency = Urgency(_best(self._model.probabilities("urgency", read))[0])
        sentiment = Sentiment(_best(self._model.probabilities("sentiment", read))[0])
        answer = Classification(
            intent=intent,
            urgency=urgency,
            sentiment=sentiment,
            is_spam=is_spam,
            is_automatic=is_automatic,
            suggested_action=suggested_action(
                intent, urgency, sentiment, is_automatic=is_automatic, needs_review=needs_review
            ),
            contact=contacts.extract(mail, region=self._region),
            confidence=min(max(confidence, 0.0), 1.0),
            needs_review=needs_review,
        )
        return answer, Usage(provider=self.name, model="linear", version=self._model.version)

    def draft_reply(self, mail: MailText, *, instructions: str = "", sender: str = "") -> tuple[Draft, Usage]:
        _needs_a_model("drafting a reply")

    def summarise(self, mail: MailText) -> tuple[Summary, Usage]:
        _needs_a_model("summarising a mail")

    def answer(self, prompt: str) -> tuple[Answer, Usage]:
        _needs_a_model("answering a prompt")

    def _intent(self, mail: MailText, probabilities: dict[str, float]) -> tuple[Intent, float]:
        """The likeliest intent among those that the mail's headers leave open."""
        if rules.is_bounce(mail) or rules.is_auto_reply(mail):
            return Intent.NOTIFICATION, 1.0
        if rules.is_list(mail):
            open_ones = {intent.value: probabilities[intent] for intent in _SENT_TO_MANY}
            total = sum(open_ones.values()) or 1.0
            probabilities = {intent: probability / total for intent, probability in open_ones.items()}
        label, probability = _best(probabilities)
        return Intent(label), probability


@lru_cache(maxsize=1)
def _model() -> linear.LinearModel:
    return linear.load()


def _best(probabilities: dict[str, float]) -> tuple[str, float]:
    return max(probabilities.items(), key=lambda item: item[1])


def _needs_a_model(what: str) -> NoReturn:
    raise AINotConfigured(
        f"{what} needs a generating model; set AI_PROVIDER=openai and OPENAI_API_KEY "
        "(or OPENAI_BASE_URL for a server of your own)"
    )
