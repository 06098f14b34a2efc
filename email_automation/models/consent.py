"""A question that Google is asking the owner of a mailbox now."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from email_automation.models.secret import EncryptedTextField


class Consent(models.Model):
    """One try to connect an account, from the address that we send somebody to until they come back. Used once.

    Bound to who began it: what somebody else brings back connects nothing.
    """

    state = models.CharField(max_length=64, unique=True, help_text="sha256 of what comes back with the answer.")
    begun_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", help_text="Whose mailbox it will be."
    )
    verifier = EncryptedTextField(help_text="PKCE.")
    redirect_uri = models.CharField(max_length=500)
    access = models.CharField(max_length=20)
    begun_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"consent {self.pk} begun by {self.begun_by_id}"
