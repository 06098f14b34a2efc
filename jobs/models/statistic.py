"""How many jobs ended, and how long they took: counted once, so that no page and no scrape counts the jobs again."""

from __future__ import annotations

from django.db import models


class Figures(models.Model):
    """Of one queue, task and outcome. Times are seconds; each list counts jobs by the bounds of `jobs.statistics`."""

    queue = models.CharField(max_length=32)
    task = models.CharField(max_length=150)
    outcome = models.CharField(max_length=16)
    jobs = models.BigIntegerField(default=0)
    started = models.BigIntegerField(default=0, help_text="Those that ran at all.")
    wait_sum = models.FloatField(default=0)
    run_sum = models.FloatField(default=0)
    total_sum = models.FloatField(default=0)
    waits = models.JSONField(default=list)
    runs = models.JSONField(default=list)
    totals = models.JSONField(default=list)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.jobs} {self.task} {self.outcome}"


class Tally(Figures):
    """Since the beginning: it only grows."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["queue", "task", "outcome"], name="tally_once")]


class Slice(Figures):
    """Of minutes, or of hours: each end is counted in one of each width, so that a week is read as fast as an hour."""

    at = models.DateTimeField(help_text="When they begin.")
    width = models.PositiveSmallIntegerField(default=5, help_text="Minutes.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["width", "at", "queue", "task", "outcome"], name="slice_once_of_width")
        ]


class Total(models.Model):
    """Of what is no job's end, such as attempts: since the beginning, it only grows."""

    what = models.CharField(max_length=16)
    queue = models.CharField(max_length=32)
    kind = models.CharField(max_length=150, blank=True, help_text="The task, or the kind of effect.")
    outcome = models.CharField(max_length=16, blank=True)
    number = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["what", "queue", "kind", "outcome"], name="total_once")]

    def __str__(self) -> str:
        return f"{self.number} {self.what} {self.kind} {self.outcome}"


class Counted(models.Model):
    """Until when ended jobs have been counted."""

    name = models.CharField(max_length=16, primary_key=True)
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        verbose_name_plural = "counted"

    def __str__(self) -> str:
        return f"{self.name} until {self.until}"
