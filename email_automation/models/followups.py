"""When leads who do not answer are written to again, and each time that was planned."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from crm.models import Lead
from crm.words import Stage
from email_automation.models.message import Message
from email_automation.models.outgoing import OutgoingMail
from email_automation.models.rules import MAX_TEXT
from email_automation.parsing import message as limits

MAX_DAYS = 365


class FollowUpRule(models.Model):
    """So many days without an answer in a stage. Off until its user switches it on."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="follow_up_rules", db_index=False
    )
    stage = models.CharField(max_length=12, choices=[choice for choice in Stage.choices if choice[0] != Stage.CLOSED])
    step = models.PositiveSmallIntegerField(default=1, help_text="1 is the first mail, 2 follows it, and so on.")
    days = models.PositiveSmallIntegerField(help_text="Without an answer, since the stage began or our last mail.")
    enabled = models.BooleanField(default=False)
    send = models.BooleanField(
        "send without approval", default=False, help_text="Held for the undo window, then sent. Off: a person approves."
    )
    text = models.TextField(
        blank=True, max_length=MAX_TEXT, help_text="Where no model is set up, with {name}, {subject} and {sender}."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["user", "stage", "step"]
        constraints = [
            models.UniqueConstraint(fields=["user", "stage", "step"], name="follow_up_rule_once"),
            models.CheckConstraint(condition=Q(days__gte=1, days__lte=MAX_DAYS), name="follow_up_rule_1_to_365_days"),
            models.CheckConstraint(condition=Q(step__gte=1), name="follow_up_rule_steps_from_1"),
            models.CheckConstraint(
                condition=Q(stage__in=[stage for stage in Stage.values if stage != Stage.CLOSED]),
                name="follow_up_rule_stage_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stage}: after {self.days} days" + (f" (step {self.step})" if self.step > 1 else "")


class FollowUpStatus(models.TextChoices):
    WAITING = "waiting"  # for its time
    WRITTEN = "written"  # its mail is there; what becomes of it is the mail's to say
    STOPPED = "stopped"  # nobody gets it; the reason says why


OPEN_FOLLOW_UPS = (FollowUpStatus.WAITING, FollowUpStatus.WRITTEN)


class FollowUp(models.Model):
    """One lead to be written to again, by one rule: once."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="follow_ups", db_index=False
    )
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="follow_ups")
    rule = models.ForeignKey(FollowUpRule, null=True, on_delete=models.SET_NULL, related_name="follow_ups")
    stage = models.CharField(max_length=12, help_text="In which the lead was; in another it is not sent.")
    step = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(max_length=10, choices=FollowUpStatus.choices, default=FollowUpStatus.WAITING)
    since = models.DateTimeField(help_text="When the silence began.")
    due_at = models.DateTimeField()
    message = models.ForeignKey(
        Message, null=True, on_delete=models.SET_NULL, related_name="follow_ups", help_text="What they wrote last."
    )
    thread = models.CharField(max_length=limits.MAX_THREAD_KEY, blank=True)
    job_id = models.UUIDField(null=True, help_text="That writes it.")
    mail = models.OneToOneField(OutgoingMail, null=True, on_delete=models.SET_NULL, related_name="follow_up")
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "follow-up"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["user", "-id"], name="follow_up_of_user"),
            models.Index(fields=["user", "lead"], name="follow_up_open", condition=Q(status__in=OPEN_FOLLOW_UPS)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["lead", "rule", "step"], name="follow_up_once"),
            models.CheckConstraint(condition=Q(status__in=FollowUpStatus.values), name="follow_up_status_known"),
        ]

    def __str__(self) -> str:
        return f"follow-up {self.pk} of {self.lead_id}"
