"""What is held back, by queue and by task. Kept here so that it survives restarts of everything."""

from __future__ import annotations

from django.db import models


class Control(models.Model):
    name = models.CharField(max_length=150, primary_key=True)
    paused = models.BooleanField(default=False)
    reason = models.CharField(max_length=300, blank=True)
    by = models.CharField(max_length=150, blank=True)
    changed_at = models.DateTimeField(auto_now=True)
    resume_at = models.DateTimeField(null=True, help_text="When it goes on by itself.")

    class Meta:
        abstract = True
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} {'paused' if self.paused else 'running'}"


class QueueControl(Control):
    pass


class TaskControl(Control):
    pass
