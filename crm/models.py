"""What the CRM stores, and what can never be true of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NoReturn

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from typing_extensions import override

from crm import scoring
from crm.words import HOT_FROM, WARM_FROM, Band, Intent, Kind, Sentiment, Stage, Urgency

MAX_NOTES = 10_000  # characters


class Person(models.Model):
    """What a contact and a lead have in common. `email` is normalised and lower-case: `crm.addresses.normalise`."""

    # Its index is the first half of the others.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    email = models.CharField(max_length=254)
    name = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=50, blank=True, help_text="E.164, such as +12125550123, where it can be read.")
    company = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=100, blank=True, help_text="Where it came from first.")
    notes = models.TextField(blank=True, validators=[MaxLengthValidator(MAX_NOTES)])
    tags = models.JSONField(default=list, blank=True, help_text="A list of words.")
    metadata = models.JSONField(default=dict, blank=True, help_text="A small object of your own.")
    last_contact_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email


class Contact(Person):
    """A person who wrote to a user, or whom the user added. `messages` counts what they wrote."""

    messages = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "email"], name="crm_contact_email_once_per_user"),
            models.CheckConstraint(condition=Q(email=Lower("email")) & ~Q(email=""), name="crm_contact_email_normal"),
        ]
        indexes = [models.Index(fields=["user", "-id"], name="crm_contact_newest")]


class Lead(Person):
    """A contact who may buy. Intent, urgency and sentiment are those of the latest message, at `heard_at`."""

    contact = models.OneToOneField(Contact, models.CASCADE, related_name="lead")
    stage = models.CharField(max_length=12, choices=Stage, default=Stage.NEW)
    intent = models.CharField(max_length=20, choices=Intent, blank=True, editable=False)
    urgency = models.CharField(max_length=10, choices=Urgency, blank=True, editable=False)
    sentiment = models.CharField(max_length=10, choices=Sentiment, blank=True, editable=False)
    heard_at = models.DateTimeField(null=True, editable=False)
    score = models.PositiveSmallIntegerField(default=0, editable=False)
    reasons = models.JSONField(default=list, editable=False)  # [{"reason": text, "points": int}]
    band = models.CharField(max_length=4, choices=Band, default=Band.COLD, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "email"], name="crm_lead_email_once_per_user"),
            models.CheckConstraint(condition=Q(email=Lower("email")) & ~Q(email=""), name="crm_lead_email_normal"),
            models.CheckConstraint(condition=Q(stage__in=Stage.values), name="crm_lead_stage_known"),
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=100), name="crm_lead_score_0_to_100"),
            models.CheckConstraint(
                condition=Q(band=Band.HOT, score__gte=HOT_FROM)
                | Q(band=Band.WARM, score__gte=WARM_FROM, score__lt=HOT_FROM)
                | Q(band=Band.COLD, score__lt=WARM_FROM),
                name="crm_lead_band_fits_score",
            ),
            models.CheckConstraint(
                condition=Q(intent__in=["", *Intent.values])
                & Q(urgency__in=["", *Urgency.values])
                & Q(sentiment__in=["", *Sentiment.values]),
                name="crm_lead_signals_known",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="crm_lead_newest"),
            models.Index(fields=["user", "stage", "-id"], name="crm_lead_by_stage"),
            models.Index(fields=["-score", "-id"], name="crm_lead_hottest"),
        ]

    def judge(self, messages: int, now: datetime) -> None:
        """Set score, reasons and band from what is known at this moment. `messages`: how many they wrote."""
        result = scoring.score(
            scoring.Signals(
                email=self.email,
                intent=self.intent,
                urgency=self.urgency,
                sentiment=self.sentiment,
                name=self.name,
                phone=self.phone,
                company=self.company,
                stage=self.stage,
                messages=messages,
                last_contact_at=self.last_contact_at,
            ),
            now,
        )
        self.score, self.band = result.value, result.band
        self.reasons = [{"reason": reason.text, "points": reason.points} for reason in result.reasons]


class Activity(models.Model):
    """Something that happened to a contact or lead. Written once, never changed.

    `message_key` names the message it came from and is unique for the user: a message counts once. `changes` maps a
    field to its value before and after.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="activities", db_index=False)
    lead = models.ForeignKey(Lead, models.SET_NULL, null=True, related_name="activities", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    text = models.CharField(max_length=500, blank=True)
    changes = models.JSONField(default=dict)
    message_key = models.CharField(max_length=200, null=True)
    job_id = models.UUIDField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "activities"
        constraints = [
            models.UniqueConstraint(fields=["user", "message_key"], name="crm_activity_message_once_per_user"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="crm_activity_kind_known"),
            models.CheckConstraint(condition=~Q(message_key=""), name="crm_activity_message_key_not_empty"),
        ]
        indexes = [
            models.Index(fields=["contact", "-id"], name="crm_activity_of_contact"),
            models.Index(fields=["lead", "-id"], name="crm_activity_of_lead"),
        ]

    def __str__(self) -> str:
        return self.text or self.get_kind_display()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            self._refuse()
        super().save(*args, **kwargs)

    @override
    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise TypeError("An activity is never changed or deleted; it goes with its contact.")
