"""What may happen by itself, and the switches that stop it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

MIN_UNDO, MAX_UNDO = 10, 7 * 24 * 3600  # seconds


class AutomationSetting(models.Model):
    """What one user lets happen without a person. Nothing, unless they say so."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="automation")
    sending_stopped = models.BooleanField(default=False, help_text="Kill switch: no mail of this user goes out.")
    draft_replies = models.BooleanField(default=False, help_text="Draft a reply to mail that asks for one.")
    release_replies = models.BooleanField(default=False, help_text="Rule: send such drafts without a person.")
    release_intents = models.JSONField(default=list, blank=True, help_text="Only replies to these intents.")
    release_confidence = models.FloatField(default=0.9, help_text="Only where the model is at least this sure, 0 to 1.")
    undo_seconds = models.PositiveIntegerField(
        "undo window", default=300, help_text="Seconds in which mail that goes without a person can be taken back."
    )
    reply_instructions = models.TextField(blank=True, help_text="What the model should know when it drafts.")
    sender_name = models.CharField(max_length=200, blank=True, help_text="Whom replies are signed by.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(release_confidence__gte=0, release_confidence__lte=1), name="automation_confidence_0_to_1"
            ),
            models.CheckConstraint(
                condition=Q(undo_seconds__gte=MIN_UNDO, undo_seconds__lte=MAX_UNDO), name="automation_undo_window"
            ),
        ]

    def __str__(self) -> str:
        return f"automation of {self.user_id}"


class KillSwitch(models.Model):
    """The one row that stops all mail of everybody."""

    sending_stopped = models.BooleanField(default=False)
    reason = models.CharField(max_length=200, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "kill switch"
        verbose_name_plural = "kill switch"
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="kill_switch_is_one_row")]

    def __str__(self) -> str:
        return "sending is stopped" if self.sending_stopped else "sending is allowed"


class AutomaticAction(models.Model):
    """Something done without a person: written before it is done, and what the limits count."""

    class Kind(models.TextChoices):
        REPLY = "reply"
        FOLLOW_UP = "follow_up"
        MAILBOX = "mailbox"
        NOTICE = "notice"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    key = models.CharField(max_length=200, unique=True, help_text="What it means: tried again, it counts once.")
    address = models.CharField(max_length=400, blank=True, help_text="Who gets it, where somebody does.")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["user", "at"], name="automatic_action_of_user")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["reply", "follow_up", "mailbox", "notice"]), name="automatic_action_kind_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
