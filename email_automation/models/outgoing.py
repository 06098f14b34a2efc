"""Mail that goes out, from its draft on."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from email_automation.models.answers import AIAnswer
from email_automation.models.message import Message
from email_automation.parsing import message as limits


class MailStatus(models.TextChoices):
    DRAFT = "draft"  # waits for a person, or for a rule that the user switched on
    QUEUED = "queued"
    SENDING = "sending"  # handed to the mailer; found so by a later attempt, nobody knows whether it went
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"  # not sent on purpose; the reason says why


class OutgoingMail(models.Model):
    """One mail of ours. The row is there before the mail leaves."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="outgoing_mail"
    )
    job_id = models.UUIDField(null=True, unique=True, editable=False, help_text="The job that sends it.")
    status = models.CharField(max_length=10, choices=MailStatus.choices, default=MailStatus.DRAFT)
    to = models.JSONField(help_text="Addresses.")
    subject = models.CharField(max_length=limits.MAX_SUBJECT)
    body = models.TextField()
    answers = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="replies", help_text="What it answers."
    )
    written_by = models.ForeignKey(
        AIAnswer,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="drafts",
        help_text="As the model wrote it.",
    )
    message_id = models.CharField("Message-ID", max_length=limits.MAX_ID, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    released_by_rule = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "outgoing mail"
        verbose_name_plural = "outgoing mail"
        ordering = ["-id"]
        indexes = [models.Index(fields=["status", "-id"], name="outgoing_status")]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=MailStatus.values), name="outgoing_status_known"),
            models.CheckConstraint(
                condition=~Q(status=MailStatus.SENT) | Q(sent_at__isnull=False), name="outgoing_sent_has_time"
            ),
            models.CheckConstraint(
                condition=~Q(status=MailStatus.DRAFT) | Q(job_id__isnull=True), name="outgoing_draft_has_no_job"
            ),
            # A reply to a message is written once: pressed twice, or rung twice, it is still one draft.
            models.UniqueConstraint(
                fields=["answers"], name="outgoing_one_open_draft", condition=Q(status=MailStatus.DRAFT)
            ),
        ]

    def __str__(self) -> str:
        return self.subject
