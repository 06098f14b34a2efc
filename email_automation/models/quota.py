"""What is known of how much a provider allows, shared by all workers."""

from __future__ import annotations

from django.db import models


class Quota(models.Model):
    """The pace of one account at a provider, or of the whole project. Times are seconds since 1970 (database's clock).

    What the numbers mean stands in `email_automation.quota.pacing`.
    """

    key = models.CharField(max_length=340, primary_key=True, help_text="gmail:address, or gmail for the project.")
    rate = models.FloatField(help_text="Units a minute, now.")
    plateau = models.FloatField()
    hold = models.FloatField(default=0)
    probed = models.FloatField()
    since = models.FloatField(default=0)
    spent = models.FloatField(default=0)
    overshot = models.FloatField(default=1.4)
    free_at = models.FloatField()
    taken_at = models.FloatField()
    paused_until = models.FloatField(default=0)
    pause = models.FloatField(default=0)
    refusals = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["key"]
        constraints = [
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="quota_rate_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.rate:,.0f} units a minute"
