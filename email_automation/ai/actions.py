"""What to do with a mail, by a small table: the model says what it is, never what happens."""

from __future__ import annotations

from email_automation.ai.schemas import Intent, Sentiment, SuggestedAction, Urgency

REVIEW_BELOW = 0.5  # confidence under which a person looks first

_BY_INTENT = {
    Intent.SALES_ENQUIRY: SuggestedAction.CREATE_LEAD,
    Intent.SUPPORT: SuggestedAction.REPLY,
    Intent.BILLING: SuggestedAction.REPLY,
    Intent.APPOINTMENT: SuggestedAction.SCHEDULE,
    Intent.COMPLAINT: SuggestedAction.ESCALATE,
    Intent.NEWSLETTER: SuggestedAction.ARCHIVE,
    Intent.NOTIFICATION: SuggestedAction.ARCHIVE,
    Intent.PERSONAL: SuggestedAction.REPLY,
    Intent.SPAM: SuggestedAction.IGNORE,
    Intent.OTHER: SuggestedAction.REVIEW,
}
_PRESSING = {Intent.SUPPORT, Intent.BILLING}


def suggested_action(
    intent: Intent, urgency: Urgency, sentiment: Sentiment, *, is_automatic: bool, needs_review: bool
) -> SuggestedAction:
    """The next step for a person or a rule; an automatic mail is never answered."""
    if intent is Intent.SPAM:
        return SuggestedAction.REVIEW if needs_review else SuggestedAction.IGNORE
    if is_automatic:
        return SuggestedAction.ARCHIVE
    if needs_review:
        return SuggestedAction.REVIEW
    if intent in _PRESSING and urgency is Urgency.HIGH and sentiment is Sentiment.NEGATIVE:
        return SuggestedAction.ESCALATE
    return _BY_INTENT[intent]
