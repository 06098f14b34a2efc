"""What models answered, with where each answer came from and what it cost."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from email_automation.ai.schemas import Intent, Sentiment, SuggestedAction, Urgency
from email_automation.models.message import Message


def _choices(words: type[Intent | Urgency | Sentiment | SuggestedAction]) -> list[tuple[str, str]]:
    return [(word.value, word.value.replace("_", " ")) for word in words]


class Answered(models.Model):
    """Where an answer came from. Stored before it is used: a retry finds it by its job instead of paying again."""

    job_id = models.UUIDField(null=True, editable=False)
    provider = models.CharField(max_length=50)
    model = models.CharField(max_length=100)
    version = models.CharField(max_length=100, blank=True)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    prompt_hash = models.CharField(max_length=64, help_text="sha256 of what the model was given to read.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True


class Classification(Answered):
    """What a model says a message is. One of a message is current."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="classifications")
    is_current = models.BooleanField(default=True)
    intent = models.CharField(max_length=20, choices=_choices(Intent))
    urgency = models.CharField(max_length=10, choices=_choices(Urgency))
    sentiment = models.CharField(max_length=10, choices=_choices(Sentiment))
    is_spam = models.BooleanField()
    is_automatic = models.BooleanField()
    suggested_action = models.CharField(max_length=20, choices=_choices(SuggestedAction))
    contact = models.JSONField(default=dict, blank=True)
    confidence = models.FloatField()
    needs_review = models.BooleanField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["message"], name="classification_one_current", condition=Q(is_current=True)
            ),
            models.UniqueConstraint(
                fields=["job_id"], name="classification_once_per_job", condition=Q(job_id__isnull=False)
            ),
            models.CheckConstraint(
                condition=Q(confidence__gte=0, confidence__lte=1), name="classification_confidence_0_to_1"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.intent} ({self.confidence:.0%})"


class AIAnswer(Answered):
    """A draft, a summary, or the answer to a prompt."""

    class Kind(models.TextChoices):
        DRAFT = "draft"
        SUMMARY = "summary"
        ANSWER = "answer"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="ai_answers")
    message = models.ForeignKey(Message, null=True, blank=True, on_delete=models.CASCADE, related_name="ai_answers")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    prompt = models.TextField(blank=True)
    answer = models.JSONField()

    class Meta:
        verbose_name = "AI answer"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["job_id"], name="ai_answer_once_per_job", condition=Q(job_id__isnull=False)
            ),
            models.CheckConstraint(condition=Q(kind__in=["draft", "summary", "answer"]), name="ai_answer_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class AIUsage(models.Model):
    """Calls of a paid provider on one day (UTC): what the daily cap counts."""

    provider = models.CharField(max_length=50)
    day = models.DateField()
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "AI usage"
        verbose_name_plural = "AI usage"
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["provider", "day"], name="ai_usage_once_per_day")]

    def __str__(self) -> str:
        return f"{self.provider} {self.day}: {self.calls}"
