"""When jobs are made by the clock."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Schedule(models.Model):
    """A cron expression or an interval; ticked by the dispatcher, once per (schedule, tick)."""

    class Overlap(models.TextChoices):
        SKIP = "skip"
        ALLOW = "allow"
        QUEUE_ONE = "queue_one"

    class Missed(models.TextChoices):
        SKIP = "skip"
        ONCE = "once"
        ALL = "all"

    name = models.CharField(max_length=150, unique=True)
    task = models.CharField(max_length=150)
    arguments = models.JSONField(default=dict, blank=True)
    cron = models.CharField(max_length=100, blank=True)
    every = models.PositiveIntegerField(null=True, blank=True, help_text="Seconds.")
    time_zone = models.CharField(max_length=64, default="UTC")
    overlap = models.CharField(max_length=10, choices=Overlap.choices, default=Overlap.SKIP)
    missed = models.CharField(max_length=10, choices=Missed.choices, default=Missed.ONCE)
    paused = models.BooleanField(default=False)
    owner_id = models.BigIntegerField(null=True, blank=True)
    next_tick = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=(~Q(cron="") & Q(every__isnull=True)) | (Q(cron="") & Q(every__gt=0)),
                name="schedule_cron_or_every",
            ),
        ]

    def __str__(self) -> str:
        return self.name
