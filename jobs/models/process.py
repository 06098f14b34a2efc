"""Who is alive: worker heartbeats, canaries, and leases of what only one process may do at a time."""

from __future__ import annotations

from django.db import models


class WorkerBeat(models.Model):
    """One worker process tree; written by a thread of its parent every few seconds."""

    boot = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=150)
    host = models.CharField(max_length=150)
    pid = models.IntegerField()
    queues = models.JSONField(default=list)
    slots = models.PositiveIntegerField()
    pids = models.JSONField(default=list, help_text="The pool's live children.")
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    stopping = models.BooleanField(default=False)
    # With defaults of the database: a worker from before this column goes on beating.
    pool = models.CharField(
        max_length=20, blank=True, default="", db_default="", help_text="Only `prefork` changes its slots."
    )
    version = models.CharField(max_length=100, blank=True, default="", db_default="")
    idle_since = models.DateTimeField(null=True, help_text="Since when it could have begun a job, and has not.")

    class Meta:
        ordering = ["name"]
        indexes = [models.Index(fields=["beat_at"], name="worker_beat_at")]

    def __str__(self) -> str:
        return self.name


class Slots(models.Model):
    """How many jobs a worker of this name runs at once, as a person said: also after it starts again."""

    worker = models.CharField(max_length=150, primary_key=True)
    slots = models.PositiveIntegerField()
    by = models.CharField(max_length=150)
    reason = models.CharField(max_length=300, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "slots"

    def __str__(self) -> str:
        return f"{self.worker}: {self.slots}"


class Lease(models.Model):
    """Held by one process until its time is over, unless renewed."""

    name = models.CharField(max_length=64, primary_key=True)
    holder = models.UUIDField()
    until = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Canary(models.Model):
    """The small job that is sent through a queue now and then: who answers it consumes."""

    queue = models.CharField(max_length=32, primary_key=True)
    job_id = models.UUIDField(null=True, help_text="The one on its way.")
    asked_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    worker = models.CharField(max_length=150, blank=True, help_text="Who answered last.")
    silent_since = models.DateTimeField(null=True, help_text="Since when its workers live and do not answer.")

    def __str__(self) -> str:
        return f"canary of {self.queue}"
