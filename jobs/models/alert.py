"""What needs somebody now, what was told of it, and what is not to be told for a while."""

from __future__ import annotations

from django.db import models


class Alert(models.Model):
    """Goes when it is over. `told_at` is null until it has lasted long enough to be told."""

    key = models.CharField(max_length=100, primary_key=True, help_text="The rule and its queue.")
    rule = models.CharField(max_length=32)
    subject = models.CharField(max_length=32)
    text = models.CharField(max_length=300)
    since = models.DateTimeField()
    seen_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    taken_at = models.DateTimeField(null=True, help_text="When somebody said that they look after it.")
    taken_by = models.CharField(max_length=150, blank=True)
    taken_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["since", "key"]

    def __str__(self) -> str:
        return self.text


class Silence(models.Model):
    """Until when an alert is told to nobody, whether or not it fires now."""

    key = models.CharField(max_length=100, primary_key=True, help_text="The rule and its queue.")
    until = models.DateTimeField()
    by = models.CharField(max_length=150)
    reason = models.CharField(max_length=300)

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return f"{self.key} until {self.until}"


class Telling(models.Model):
    """What was told, when, and by which jobs."""

    key = models.CharField(max_length=100)
    rule = models.CharField(max_length=32)
    subject = models.CharField(max_length=32)
    state = models.CharField(max_length=8)
    text = models.CharField(max_length=300)
    at = models.DateTimeField(db_index=True)
    jobs = models.JSONField(default=list, help_text="The ids of those that deliver it.")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.state}: {self.text}"
