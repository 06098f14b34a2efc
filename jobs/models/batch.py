"""A set of jobs with counted progress."""

from __future__ import annotations

import uuid_utils.compat
from django.db import models
from django.db.models import Q


class BatchStatus(models.TextChoices):
    OPEN = "open"  # members may be added
    CLOSED = "closed"  # complete once no member is unfinished
    COMPLETED = "completed"  # every member has
    FAILED = "failed"  # every member has ended, some otherwise
    CANCELLED = "cancelled"


class Batch(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    name = models.CharField(max_length=150, blank=True)
    status = models.CharField(max_length=10, choices=BatchStatus.choices, default=BatchStatus.OPEN)
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="children")
    owner_id = models.BigIntegerField(null=True)
    correlation_id = models.CharField(max_length=64)
    on_success = models.JSONField(null=True, help_text="Task and arguments once all are completed.")
    on_complete = models.JSONField(null=True, help_text="Task and arguments once none is unfinished.")
    chord = models.JSONField(null=True, help_text="A Celery chord's body, and its header's ids in order.")
    stop_on_failure = models.BooleanField(default=False)
    total = models.PositiveIntegerField(default=0)
    completed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    dropped = models.PositiveIntegerField(default=0, help_text="Cancelled or expired.")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = "batches"
        indexes = [
            models.Index(fields=["created_at"], name="batch_unfinished", condition=Q(finished_at__isnull=True)),
            models.Index(fields=["-created_at", "-id"], name="batch_created"),
        ]

    def __str__(self) -> str:
        return self.name or str(self.id)

    @property
    def ended(self) -> int:
        return self.completed + self.failed + self.dropped

    @property
    def percent(self) -> float:
        """How many of the members there are by now have ended, 0 to 100; it may fall while members are added."""
        if self.finished_at:
            return 100.0
        return round(min(100.0, 100 * self.ended / self.total), 1) if self.total else 0.0
