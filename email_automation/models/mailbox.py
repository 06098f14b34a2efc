"""A user's mailboxes and their syncs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from jobs.models.job import new_id

if TYPE_CHECKING:
    from email_automation.models.message import Message


class MailboxKind(models.TextChoices):
    MBOX = "mbox"
    MAILDIR = "maildir"
    FOLDER = "folder"
    FILE = "file", "single message"
    IMAP = "imap", "IMAP"
    GMAIL = "gmail", "Gmail"


class Mailbox(models.Model):
    """Mail of one user, in one place."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mailboxes")
    kind = models.CharField(max_length=10, choices=MailboxKind.choices)
    name = models.CharField(max_length=200)
    location = models.CharField(
        max_length=1000, blank=True, help_text="A path, or an address; empty while it is not connected."
    )
    own_addresses = models.JSONField(
        default=list, blank=True, help_text="Besides the user's own: mail from these is never answered, nor a lead."
    )
    window_days = models.PositiveIntegerField(
        default=90, null=True, blank=True, help_text="A provider's mail older than this is left there. Empty: none is."
    )
    max_messages = models.PositiveIntegerField(
        null=True, blank=True, help_text="At most so many of a provider's messages are read by one full sync."
    )
    only_folders = models.JSONField(
        default=list, blank=True, help_text="Of an IMAP account only these folders, with those below them. Empty: all."
    )
    without_folders = models.JSONField(
        default=list, blank=True, help_text="Of an IMAP account none of these folders, nor those below them."
    )
    position = models.JSONField(null=True, editable=False, help_text="Where the provider is read on.")
    paused_at = models.DateTimeField(null=True, editable=False, help_text="Since when its syncs wait.")
    paused_reason = models.CharField(max_length=300, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    last_synced_at = models.DateTimeField(null=True, editable=False)
    label_names = models.JSONField(default=dict, editable=False, help_text="By the ids that Gmail gives its labels.")
    labels_asked_at = models.DateTimeField(null=True, editable=False)
    watched_until = models.DateTimeField(null=True, editable=False, help_text="Until when Gmail tells of news.")

    class Meta:
        verbose_name_plural = "mailboxes"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "location"], name="mailbox_once_per_user"),
            models.CheckConstraint(condition=Q(kind__in=MailboxKind.values), name="mailbox_kind_known"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def connected_since(self) -> datetime:
        """Mail from before is stored and classified, and moves no rule to write; that of a gap in between neither."""
        account = getattr(self, "account", None)
        return max(self.created_at, (account.connected_at if account else None) or self.created_at)

    @property
    def hold(self) -> str:
        """Under which its syncs are held while it is paused."""
        return f"mailbox:{self.pk}"

    def is_own(self, address: str) -> bool:
        """Is this one of the user's own addresses?"""
        own = {self.user.email.strip().lower(), *(str(one).strip().lower() for one in self.own_addresses)}
        return bool(address) and address.lower() in own


class SyncRun(models.Model):
    """One sync of a mailbox, from its request to its last message, however many slices it takes.

    `found` = `synced` + `duplicates` + `unreadable`; news of messages that are stored already come on top. One that
    was interrupted is gone on with, not begun again.
    """

    job_id = models.UUIDField(unique=True, default=new_id, editable=False)
    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="runs")
    sync_type = models.CharField(max_length=20, default="manual")
    window_days = models.PositiveIntegerField(null=True, help_text="As the mailbox's, for this sync.")
    max_messages = models.PositiveIntegerField(null=True)
    full = models.BooleanField(default=False, help_text="All of the window is listed again, not only what is new.")
    again = models.BooleanField(default=False, help_text="Asked for while it ran: another sync follows it.")
    requested_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    cursor = models.JSONField(null=True, help_text="Where it goes on.")
    pages = models.PositiveIntegerField(default=0, help_text="Pages stored so far: the fence between two attempts.")
    done = models.BigIntegerField(default=0, help_text="Of `total`: bytes of a file, or files.")
    total = models.BigIntegerField(null=True)
    found = models.PositiveIntegerField(default=0)
    synced = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    unreadable = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0, help_text="News of labels and flags.")
    gone = models.PositiveIntegerField(default=0, help_text="Messages that the provider has no more.")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["mailbox"], name="sync_one_open_per_mailbox", condition=Q(finished_at__isnull=True)
            ),
            models.CheckConstraint(
                condition=Q(found=F("synced") + F("duplicates") + F("unreadable")), name="sync_counts_add_up"
            ),
        ]

    def __str__(self) -> str:
        return f"sync {self.pk} of {self.mailbox_id}"

    @property
    def has_more(self) -> bool:
        return self.finished_at is None

    @property
    def progress(self) -> float:
        """How far it is, 0 to 100."""
        if self.finished_at:
            return 100.0
        return round(min(100.0, 100 * self.done / self.total), 1) if self.total else 0.0

    def contacts_found(self) -> int:
        """Different people who wrote in what this sync stored."""
        return self._senders().count()

    def leads_identified(self) -> int:
        """Of those, how many wrote something that makes a lead, as far as it is classified by now."""
        return self._senders().filter(makes_lead=True).count()

    def _senders(self) -> models.QuerySet[Message, tuple[str]]:
        people = self.messages.filter(automatic="", is_own=False, unreadable_reason="").exclude(from_address="")
        return people.values_list("from_address").distinct().order_by()
