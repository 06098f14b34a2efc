"""What cannot be taken back, written down before it is done."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models

from jobs.models.job import Job, JobStatus

WHOLE = "job"  # the kind of all that a job does, where its task itself said that this is in doubt


def whole(job_id: uuid.UUID) -> str:
    """The key of all that a job does."""
    return f"{WHOLE}:{job_id}"


class EffectStatus(models.TextChoices):
    ATTEMPTING = "attempting"
    CONFIRMED = "confirmed"
    FAILED = "failed"  # surely did not happen


class EffectQuerySet(models.QuerySet["Effect"]):
    def in_doubt(self) -> Self:
        """Those of which a person is to say whether they happened."""
        return self.filter(status=EffectStatus.ATTEMPTING, job__status=JobStatus.IN_DOUBT)


class Effect(models.Model):
    """The key says what the effect means (job, step, recipient), never which attempt made it."""

    key = models.CharField(max_length=200, unique=True)
    # Effects outlive their jobs: what was done is not to be done again after the job is pruned.
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="effects")
    attempt = models.PositiveIntegerField()
    kind = models.CharField(max_length=32)
    status = models.CharField(max_length=10, choices=EffectStatus.choices, default=EffectStatus.ATTEMPTING)
    provider_id = models.CharField(max_length=300, blank=True)
    detail = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=150, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    objects = EffectQuerySet.as_manager()

    class Meta:
        ordering = ["job_id", "id"]
        # Read by those who count what was settled since they counted last.
        indexes = [
            models.Index(fields=["settled_at"], name="effect_settled", condition=models.Q(settled_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status} {self.key}"
