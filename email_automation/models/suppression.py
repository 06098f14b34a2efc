"""Addresses that get no more mail, whom a user's mail comes from, and how much of it went."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from email_automation.parsing import message as limits


class Suppression(models.Model):
    """An address that a user, or nobody here, writes to any more."""

    class Cause(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed"
        BOUNCED = "bounced"
        COMPLAINED = "complained"
        MANUAL = "manual"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="suppressions",
        help_text="Whose mail; empty: everybody's.",
    )
    address = models.CharField(max_length=limits.MAX_ADDRESS)
    cause = models.CharField(max_length=20, choices=Cause.choices)
    source = models.CharField(max_length=300, blank=True, help_text="What said so.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "address"], name="suppression_once"),
            models.UniqueConstraint(fields=["address"], name="suppression_once_for_all", condition=Q(user=None)),
            models.CheckConstraint(
                condition=Q(address=Lower("address")) & ~Q(address=""), name="suppression_lower_case"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.address} ({self.cause})"


class Sender(models.Model):
    """Whom a user's mail comes from where it does not go through their own mailbox. Set by staff, never by input."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sender")
    name = models.CharField(max_length=200, blank=True)
    address = models.EmailField(help_text="One that the mail server may send for.")

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


class SendingCount(models.Model):
    """How many mails were begun for a user, or to a domain, within a minute or a day."""

    scope = models.CharField(max_length=300)
    began_at = models.DateTimeField(help_text="Of the minute or day.")
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "began_at"], name="sending_count_once")]

    def __str__(self) -> str:
        return f"{self.scope}: {self.count}"
