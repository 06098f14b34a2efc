"""How a mailbox is reached at its provider, and whether that still works."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from email_automation.models.mailbox import Mailbox
from email_automation.models.secret import EncryptedTextField


class Provider(models.TextChoices):
    GMAIL = "gmail", "Gmail"
    IMAP = "imap", "IMAP"


class AccountState(models.TextChoices):
    CONNECTED = "connected"
    NEEDS_REAUTH = "needs_reauth", "has to be connected again"
    DISCONNECTED = "disconnected"


class Security(models.TextChoices):
    TLS = "tls", "TLS"
    STARTTLS = "starttls", "STARTTLS"
    NONE = "none", "none"


class Account(models.Model):
    """The login of one mailbox. Only `email_automation.connecting.accounts` and `email_automation.services` write it.

    `version` rises with each write of state or secrets: who has read an older one writes nothing.
    """

    mailbox = models.OneToOneField(Mailbox, on_delete=models.CASCADE, related_name="account")
    provider = models.CharField(max_length=10, choices=Provider.choices)
    address = models.CharField(max_length=320)
    state = models.CharField(max_length=15, choices=AccountState.choices, default=AccountState.CONNECTED)
    reason = models.CharField(max_length=300, blank=True, help_text="Why it is in this state.")
    changed_at = models.DateTimeField(help_text="Since when it is in this state.")
    connected_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True, help_text="When its owner was told that it has to be connected again.")
    version = models.PositiveBigIntegerField(default=1)

    refresh_token = EncryptedTextField()
    access_token = EncryptedTextField()
    access_until = models.DateTimeField(null=True, help_text="When the access token ends.")
    refreshing_until = models.DateTimeField(null=True, help_text="A process refreshes it, and has until then.")
    scopes = models.JSONField(default=list, blank=True, help_text="What the owner granted.")

    host = models.CharField(max_length=255, blank=True)
    port = models.PositiveIntegerField(default=993)
    security = models.CharField(max_length=10, choices=Security.choices, default=Security.TLS)
    username = models.CharField(max_length=320, blank=True)
    password = EncryptedTextField()
    smtp_host = models.CharField(
        "SMTP server", max_length=255, blank=True, help_text="Its own mail leaves through it, with the same login."
    )
    smtp_port = models.PositiveIntegerField("SMTP port", default=465)
    smtp_security = models.CharField("SMTP security", max_length=10, choices=Security.choices, default=Security.TLS)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(provider__in=Provider.values), name="account_provider_known"),
            models.CheckConstraint(condition=Q(state__in=AccountState.values), name="account_state_known"),
            models.CheckConstraint(condition=Q(security__in=Security.values), name="account_security_known"),
            models.CheckConstraint(condition=~Q(address=""), name="account_has_address"),
            models.CheckConstraint(condition=Q(port__range=(1, 65535)), name="account_port_is_one"),
            models.CheckConstraint(condition=Q(smtp_security__in=Security.values), name="account_smtp_security_known"),
            models.CheckConstraint(condition=Q(smtp_port__range=(1, 65535)), name="account_smtp_port_is_one"),
            models.CheckConstraint(
                condition=Q(smtp_host="") | Q(provider=Provider.IMAP), name="account_only_imap_has_smtp"
            ),
            models.CheckConstraint(
                condition=~Q(state=AccountState.CONNECTED) | ~Q(refresh_token="") | ~Q(password=""),
                name="account_connected_has_login",
            ),
            models.CheckConstraint(
                condition=~Q(state=AccountState.CONNECTED, provider=Provider.GMAIL) | ~Q(refresh_token=""),
                name="account_gmail_has_token",
            ),
            models.CheckConstraint(
                condition=~Q(state=AccountState.CONNECTED, provider=Provider.IMAP) | ~Q(host=""),
                name="account_imap_has_host",
            ),
            models.CheckConstraint(
                condition=~Q(state=AccountState.DISCONNECTED) | Q(refresh_token="", access_token="", password=""),
                name="account_disconnected_holds_nothing",
            ),
            models.CheckConstraint(
                condition=Q(told_at=None) | Q(told_at__gte=F("connected_at")), name="account_told_after_connected"
            ),
        ]

    def __str__(self) -> str:
        return self.address

    @property
    def hold(self) -> str:
        """What the jobs of this mailbox are held under while it has to be connected again."""
        return f"mailbox:{self.mailbox_id}"

    @property
    def own_smtp(self) -> str:
        """The server that its own mail leaves through, if it has one."""
        return f"{self.smtp_host}:{self.smtp_port}" if self.smtp_host else ""

    @property
    def quota_key(self) -> str:
        """Whose quota is used: the provider counts by its own user, whoever of ours connected it."""
        return f"{self.provider}:{self.address.lower()}"
