"""When jobs are made by the clock."""

from __future__ import annotations

from zoneinfo import available_timezones

from cronsim import CronSim, CronSimError
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone


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

    def clean(self) -> None:
        """Refuses, naming the field, what could never tick or whose job could never be enqueued."""
        from jobs import registry
        from jobs.errors import Refused

        if bool(self.cron) == bool(self.every):
            raise ValidationError({"cron": "Give either a cron expression or a number of seconds."})
        if self.time_zone not in available_timezones():
            raise ValidationError({"time_zone": f"Unknown time zone {self.time_zone!r}; one is 'Europe/Berlin'."})
        try:
            if self.cron:
                CronSim(self.cron, timezone.now())
        except CronSimError as error:
            raise ValidationError({"cron": f"Not a cron expression: {error}."}) from None
        try:
            registry.get(self.task).bind((), self.arguments)
        except Refused as error:
            raise ValidationError({"task" if error.field == "task" else "arguments": str(error)}) from None
