"""What jobs are held under until somebody releases them, and which ones."""

from __future__ import annotations

from django.db import models

from jobs.models.job import Job


class Hold(models.Model):
    """One reason for which jobs wait that no time ends, such as an account that nobody may use now."""

    key = models.CharField(max_length=32, primary_key=True)
    reason = models.CharField(max_length=300)
    since = models.DateTimeField()
    released_at = models.DateTimeField(null=True, help_text="It holds nothing new; what it held is being woken.")

    class Meta:
        ordering = ["since", "key"]

    def __str__(self) -> str:
        return self.key


class HeldJob(models.Model):
    """A job that met a hold. Beside the job, whose row is to stay narrow."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, primary_key=True, related_name="held")
    hold = models.ForeignKey(Hold, on_delete=models.CASCADE, related_name="jobs")

    def __str__(self) -> str:
        return f"{self.job_id} held under {self.hold_id}"
