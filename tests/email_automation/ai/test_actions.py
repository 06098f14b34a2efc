"""What to do follows from what a mail is, never from what it says to do."""

import pytest

from email_automation.ai.actions import suggested_action
from email_automation.ai.schemas import Intent, Sentiment, SuggestedAction, Urgency


def action(
    intent: Intent, urgency: Urgency = Urgency.NORMAL, sentiment: Sentiment = Sentiment.NEUTRAL, **flags: bool
) -> SuggestedAction:
    return suggested_action(intent, urgency, sentiment, **({"is_automatic": False, "needs_review": False} | flags))


@pytest.mark.parametrize(
    ("intent", "expected"),
    [
        (Intent.SALES_ENQUIRY, SuggestedAction.CREATE_LEAD),
        (Intent.SUPPORT, SuggestedAction.REPLY),
        (Intent.BILLING, SuggestedAction.REPLY),
        (Intent.APPOINTMENT, SuggestedAction.SCHEDULE),
        (Intent.COMPLAINT, SuggestedAction.ESCALATE),
        (Intent.NEWSLETTER, SuggestedAction.ARCHIVE),
        (Intent.NOTIFICATION, SuggestedAction.ARCHIVE),
        (Intent.PERSONAL, SuggestedAction.REPLY),
        (Intent.SPAM, SuggestedAction.IGNORE),
        (Intent.OTHER, SuggestedAction.REVIEW),
    ],
)
def test_every_intent_has_an_action(intent: Intent, expected: SuggestedAction) -> None:
    assert action(intent) is expected


def test_an_angry_and_urgent_request_is_escalated() -> None:
    assert action(Intent.SUPPORT, Urgency.HIGH, Sentiment.NEGATIVE) is SuggestedAction.ESCALATE


@pytest.mark.parametrize("intent", [intent for intent in Intent if intent is not Intent.SPAM])
def test_an_automatic_mail_is_never_answered(intent: Intent) -> None:
    assert action(intent, is_automatic=True) is SuggestedAction.ARCHIVE


@pytest.mark.parametrize("intent", list(Intent))
def test_what_is_unsure_is_looked_at(intent: Intent) -> None:
    assert action(intent, needs_review=True) is SuggestedAction.REVIEW
