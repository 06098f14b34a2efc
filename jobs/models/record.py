"""What is kept for people: operators' acts, messages nobody understood, requests already answered."""

from __future__ import annotations

from django.db import models


class AuditEntry(models.Model):
    """Who did what, from where, why: append-only, each entry chained to the one before by its hash."""

    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    origin = models.CharField(max_length=100, blank=True, help_text="admin, REST, command, flower or celery.")
    address = models.CharField(max_length=45, blank=True)
    verb = models.CharField(max_length=64)
    subject = models.CharField(max_length=200)
    reason = models.CharField(max_length=300, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["subject", "-id"], name="audit_subject")]

    def __str__(self) -> str:
        return f"{self.by} {self.verb} {self.subject}"


class Quarantine(models.Model):
    """A broker message that was not understood, or that named no job."""

    at = models.DateTimeField(auto_now_add=True)
    queue = models.CharField(max_length=150)
    reason = models.CharField(max_length=300)
    digest = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    head = models.TextField(help_text="The first bytes, as text.")
    worker = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "quarantine"

    def __str__(self) -> str:
        return self.reason


class StageRun(models.Model):
    """The jobs of a cause that a person ran again last, to see how they fare before more go."""

    user_id = models.BigIntegerField()
    fingerprint = models.CharField(max_length=16)
    ids = models.JSONField(default=list)
    at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user_id", "fingerprint"], name="stage_run_once")]

    def __str__(self) -> str:
        return f"{self.fingerprint}: {len(self.ids)}"


class IdempotencyKey(models.Model):
    """A request that was answered once is answered the same again."""

    owner_id = models.BigIntegerField()
    key = models.CharField(max_length=200)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner_id", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key
