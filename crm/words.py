"""The words of the CRM: the same in code, tables, URLs and pages."""

from __future__ import annotations

from django.db import models


class Stage(models.TextChoices):
    """How far a lead has come, in this order."""

    NEW = "new", "New"
    CONTACTED = "contacted", "Contacted"
    REPLIED = "replied", "Replied"
    QUALIFIED = "qualified", "Qualified"
    PROPOSAL = "proposal", "Proposal"
    BOOKED = "booked", "Booked"
    CLOSED = "closed", "Closed"


class Band(models.TextChoices):
    """What a score means to a person."""

    COLD = "cold", "Cold"
    WARM = "warm", "Warm"
    HOT = "hot", "Hot"


class Intent(models.TextChoices):
    """What a message wants, as the classifier says it."""

    SALES_ENQUIRY = "sales_enquiry", "Sales enquiry"
    SUPPORT = "support", "Support"
    BILLING = "billing", "Billing"
    APPOINTMENT = "appointment", "Appointment"
    COMPLAINT = "complaint", "Complaint"
    NEWSLETTER = "newsletter", "Newsletter"
    NOTIFICATION = "notification", "Notification"
    PERSONAL = "personal", "Personal"
    SPAM = "spam", "Spam"
    OTHER = "other", "Other"


class Urgency(models.TextChoices):
    LOW = "low", "Low"
    NORMAL = "normal", "Normal"
    HIGH = "high", "High"


class Sentiment(models.TextChoices):
    NEGATIVE = "negative", "Negative"
    NEUTRAL = "neutral", "Neutral"
    POSITIVE = "positive", "Positive"


class Kind(models.TextChoices):
    """What sort of thing an activity is."""

    MESSAGE = "message", "Message"
    UPDATE = "update", "Update"
    EDIT = "edit", "Edited by a person"
    IMPORT = "import", "Import"


LEAD_INTENTS = frozenset({Intent.SALES_ENQUIRY, Intent.APPOINTMENT})
IMPERSONAL_INTENTS = frozenset({Intent.NEWSLETTER, Intent.NOTIFICATION, Intent.SPAM})

HOT_FROM = 70
WARM_FROM = 40
