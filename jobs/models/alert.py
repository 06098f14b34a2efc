"""What needs somebody now, and whether it was told."""

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

    class Meta:
        ordering = ["since"]

    def __str__(self) -> str:
        return self.text
