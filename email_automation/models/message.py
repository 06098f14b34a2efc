"""Messages as they were synced: their text, not the whole mail."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from email_automation.models.mailbox import Mailbox, SyncRun
from email_automation.parsing import message as limits


class Message(models.Model):
    """One message of a mailbox. The same bytes are stored once."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="messages", db_index=False)
    sync_run = models.ForeignKey(SyncRun, null=True, on_delete=models.SET_NULL, related_name="messages")
    digest = models.CharField(max_length=64, help_text="sha256 of the raw message without an mbox From_ line.")
    size = models.BigIntegerField(help_text="Bytes of the raw message.")
    message_id = models.CharField("Message-ID", max_length=limits.MAX_ID, blank=True)
    in_reply_to = models.CharField(max_length=limits.MAX_ID, blank=True)
    references = models.JSONField(default=list, blank=True)
    thread_key = models.CharField(max_length=limits.MAX_THREAD_KEY)
    provider_thread = models.CharField(max_length=200, blank=True, help_text="What the provider calls its thread.")
    subject = models.CharField(max_length=limits.MAX_SUBJECT, blank=True)
    from_name = models.CharField(max_length=limits.MAX_NAME, blank=True)
    from_address = models.CharField(max_length=limits.MAX_ADDRESS, blank=True)
    to = models.JSONField(default=list, blank=True, help_text="[name, address] of each.")
    cc = models.JSONField(default=list, blank=True)
    reply_to = models.JSONField(default=list, blank=True)
    date = models.DateTimeField(null=True, help_text="As the message says, where that can be.")
    text = models.TextField(blank=True)
    has_html = models.BooleanField(default=False)
    language = models.CharField(max_length=20, blank=True)
    headers = models.JSONField(default=dict, blank=True)
    labels = models.JSONField(default=list, blank=True)
    flags = models.JSONField(default=list, blank=True)
    attachment_count = models.PositiveSmallIntegerField(default=0)
    automatic = models.CharField(max_length=80, blank=True, help_text="Why no person wrote it to a person.")
    is_own = models.BooleanField(default=False, help_text="From one of the user's own addresses.")
    problems = models.JSONField(default=list, blank=True)
    unreadable_reason = models.CharField(max_length=300, blank=True)
    stored_at = models.DateTimeField(auto_now_add=True)
    gone_at = models.DateTimeField(null=True, help_text="When the provider was found to have it no more.")
    classified_at = models.DateTimeField(null=True)
    intent = models.CharField(max_length=20, blank=True, help_text="Of the current classification.")
    needs_review = models.BooleanField(default=False)
    makes_lead = models.BooleanField(default=False)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["mailbox", "-id"], name="message_of_mailbox"),
            models.Index(fields=["mailbox", "thread_key"], name="message_thread"),
            models.Index(fields=["from_address"], name="message_sender"),
            models.Index(fields=["intent", "-id"], name="message_intent"),
            models.Index(fields=["-date"], name="message_date"),
            models.Index(fields=["-id"], name="message_unreadable", condition=~Q(unreadable_reason="")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["mailbox", "digest"], name="message_once_per_mailbox"),
            models.CheckConstraint(condition=Q(size__gte=0), name="message_size_not_negative"),
            models.CheckConstraint(
                condition=Q(unreadable_reason="") | Q(classified_at__isnull=True),
                name="message_unreadable_is_not_classified",
            ),
        ]

    def __str__(self) -> str:
        return self.subject or f"message {self.pk}"

    @property
    def sender(self) -> str:
        return f"{self.from_name} <{self.from_address}>" if self.from_name else self.from_address

    @property
    def answer_address(self) -> str:
        """Whom an answer would go to, as the message's own headers say."""
        return self.reply_to[0][1] if self.reply_to else self.from_address


class MessageHtml(models.Model):
    """A message's HTML as it came: hostile until `email_automation.reading.safe_html` has been over it."""

    message = models.OneToOneField(Message, on_delete=models.CASCADE, primary_key=True, related_name="html")
    source = models.TextField(help_text="Its beginning, where it is very long.")

    class Meta:
        verbose_name = "HTML of a message"
        verbose_name_plural = "HTML of messages"

    def __str__(self) -> str:
        return f"HTML of {self.message_id}"


class Copy(models.Model):
    """A message at its provider, under the id that it has there. The same bytes may lie in several folders."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="+", db_index=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="copies")
    provider_id = models.CharField(max_length=200)
    labels = models.JSONField(default=list, blank=True, help_text="Of this copy; the message has those of all.")

    class Meta:
        verbose_name_plural = "copies"
        constraints = [
            models.UniqueConstraint(fields=["mailbox", "provider_id"], name="copy_once_per_mailbox"),
            models.CheckConstraint(condition=~Q(provider_id=""), name="copy_has_an_id"),
        ]

    def __str__(self) -> str:
        return self.provider_id


class Attachment(models.Model):
    """What is known of an attachment; its content is not kept."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=limits.MAX_NAME, blank=True)
    content_type = models.CharField(max_length=limits.MAX_TYPE)
    size = models.BigIntegerField(help_text="Bytes, about.")
    content_id = models.CharField(max_length=limits.MAX_ID, blank=True)
    inline = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=Q(size__gte=0), name="attachment_size_not_negative")]

    def __str__(self) -> str:
        return self.name or self.content_type
