"""Mail that goes out, from its draft on."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from email_automation.models.answers import AIAnswer
from email_automation.models.mailbox import Mailbox
from email_automation.models.message import Message
from email_automation.models.secret import EncryptedTextField
from email_automation.parsing import message as limits


class MailStatus(models.TextChoices):
    DRAFT = "draft"  # a person is still at it
    AWAITING_APPROVAL = "awaiting_approval"  # written by a model or a rule; a person says yes or no
    HELD = "held"  # goes out at `held_until`, unless it is taken back before
    QUEUED = "queued"
    SENDING = "sending"  # handed over; found so by a later attempt, nobody knows whether it went
    SENT = "sent"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"  # it may or may not have gone; a person finds out
    SKIPPED = "skipped"  # not sent on purpose; the reason says why


OPEN = (MailStatus.DRAFT, MailStatus.AWAITING_APPROVAL)  # nobody has said yet that it may go


class MailKind(models.TextChoices):
    TRANSACTIONAL = "transactional"  # somebody waits for it: a password reset, a receipt
    REPLY = "reply"
    FOLLOW_UP = "follow_up"
    NOTIFICATION = "notification"  # can be unsubscribed from


class Author(models.TextChoices):
    PRODUCT = "product"  # our own code, with words of our own
    PERSON = "person"
    MODEL = "model"
    RULE = "rule"  # a template, because a rule of the user said so


class Mailer(models.TextChoices):
    SMTP = "smtp", "SMTP"
    OWN_SMTP = "own_smtp", "the mailbox's own SMTP"
    GMAIL = "gmail", "Gmail"


class OutgoingMail(models.Model):
    """One mail of ours. The row is there before the mail leaves; its status is written by `outgoing` only."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="outgoing_mail"
    )
    job_id = models.UUIDField(null=True, unique=True, editable=False, help_text="The job that sends it.")
    status = models.CharField(max_length=20, choices=MailStatus.choices, default=MailStatus.DRAFT)
    kind = models.CharField(max_length=20, choices=MailKind.choices, default=MailKind.TRANSACTIONAL)
    author = models.CharField(max_length=10, choices=Author.choices, default=Author.PERSON)
    from_address = models.CharField(max_length=400, blank=True, help_text="The user's own; no input sets it.")
    to = models.JSONField(help_text="Addresses.")
    subject = models.CharField(max_length=limits.MAX_SUBJECT)
    body = models.TextField(blank=True)
    html = models.TextField("HTML", blank=True, help_text="Sent beside the text, which is made of it where missing.")
    template = models.CharField(max_length=50, blank=True)
    template_version = models.CharField(max_length=16, blank=True)
    sealed = EncryptedTextField(help_text="A reset link's token, say: put in when it leaves, erased once it went.")
    answers = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="replies", help_text="What it answers."
    )
    forwards = models.ForeignKey(
        Message,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="forwarded_by",
        help_text="What it passes on.",
    )
    follows = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="followed_by",
        help_text="Our mail before.",
    )
    written_by = models.ForeignKey(
        AIAnswer,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="drafts",
        help_text="As the model wrote it.",
    )
    mailer = models.CharField(max_length=10, choices=Mailer.choices, blank=True, help_text="What it went through.")
    mailbox = models.ForeignKey(
        Mailbox,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="outgoing_mail",
        help_text="Sent from it.",
    )
    message_id = models.CharField("Message-ID", max_length=limits.MAX_ID, blank=True)
    draft_id = models.CharField("provider's draft", max_length=100, blank=True)
    provider_id = models.CharField("provider's id", max_length=300, blank=True)
    thread_id = models.CharField("provider's thread", max_length=100, blank=True)
    handovers = models.PositiveSmallIntegerField(default=0, help_text="How often a server took some of its recipients.")
    delivered = models.JSONField(default=list, blank=True, help_text="Recipients that a server took it for.")
    undelivered = models.JSONField(default=dict, blank=True, help_text="Recipients that do not get it, and why.")
    reason = models.CharField(max_length=300, blank=True)
    held_until = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    released_by_rule = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "outgoing mail"
        verbose_name_plural = "outgoing mail"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["status", "-id"], name="outgoing_status"),
            models.Index(fields=["user", "-id"], name="outgoing_of_user"),
            models.Index(fields=["message_id"], name="outgoing_message_id", condition=~Q(message_id="")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=MailStatus.values), name="outgoing_status_known"),
            models.CheckConstraint(condition=Q(kind__in=MailKind.values), name="outgoing_kind_known"),
            models.CheckConstraint(condition=Q(author__in=Author.values), name="outgoing_author_known"),
            models.CheckConstraint(
                condition=~Q(status=MailStatus.SENT) | Q(sent_at__isnull=False), name="outgoing_sent_has_time"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=OPEN) | Q(job_id__isnull=True), name="outgoing_draft_has_no_job"
            ),
            models.CheckConstraint(
                condition=~Q(status=MailStatus.HELD) | Q(held_until__isnull=False), name="outgoing_held_until_when"
            ),
            # A reply to a message is written once: pressed twice, or rung twice, it is still one draft.
            models.UniqueConstraint(fields=["answers"], name="outgoing_one_open_draft", condition=Q(status__in=OPEN)),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def is_automatic(self) -> bool:
        """Did nobody read it before it went?"""
        return self.released_by_rule

    @property
    def waiting_recipients(self) -> list[str]:
        """Those of whom it is not settled yet whether they get it."""
        return [address for address in self.to if address not in self.delivered and address not in self.undelivered]


class OutgoingAttachment(models.Model):
    """A file of a mail of ours. Its content is kept here, so that it commits, is backed up and goes with its mail."""

    mail = models.ForeignKey(OutgoingMail, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=limits.MAX_NAME)
    content_type = models.CharField(max_length=limits.MAX_TYPE)
    size = models.PositiveIntegerField(help_text="Bytes.")
    digest = models.CharField(max_length=64, help_text="sha256 of the content.")
    content = models.BinaryField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name
