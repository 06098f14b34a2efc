"""A user's rules, and what each did to a message."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from email_automation.automation import rules
from email_automation.models.message import Message

MAX_TEXT = 10_000  # characters of a template


class Rule(models.Model):
    """When a message is so, then that is done. Off until its user switches it on."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="rules", db_index=False)
    name = models.CharField(max_length=100)
    enabled = models.BooleanField(default=False)
    order = models.PositiveSmallIntegerField(default=100, help_text="Lower ones come first.")
    when = models.CharField(
        max_length=500,
        blank=True,
        help_text="As a search: intent:sales_enquiry,appointment confidence:>=0.9 -from:acme.com. Empty: all mail.",
    )
    then = models.CharField(
        max_length=500, help_text="draft_reply, send_reply, label:Sales, archive, mark_read, lead, stage:qualified ..."
    )
    text = models.TextField(
        blank=True,
        max_length=MAX_TEXT,
        help_text="A reply's text where no model is set up, with {name}, {subject} and {sender}.",
    )
    stop = models.BooleanField("stop after it", default=False, help_text="Later rules do not see the message.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["order", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="rule_name_once_per_user"),
            models.CheckConstraint(condition=~Q(name=""), name="rule_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        for check, part in ((rules.conditions, self.when), (rules.actions, self.then)):
            try:
                check(part)
            except rules.BadRule as error:
                raise ValidationError({error.field: str(error)}) from None


class RuleMatch(models.Model):
    """A rule that a message met: why, and what came of each of its actions. Once for a message and rule."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="rule_matches")
    rule = models.ForeignKey(Rule, null=True, on_delete=models.SET_NULL, related_name="matches")
    key = models.CharField(max_length=40, help_text="The rule's number, or the name of a built-in one.")
    name = models.CharField(max_length=100)
    when = models.CharField(max_length=500, blank=True)
    then = models.CharField(max_length=500)
    text = models.TextField(blank=True)
    reasons = models.JSONField(default=list, help_text="Each word with what the message has there.")
    outcomes = models.JSONField(default=list, help_text="Each action with its job, or why it was left out.")
    job_id = models.UUIDField(null=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", help_text="Empty: by itself."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "rule matches"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["message", "key"], name="rule_match_once")]

    def __str__(self) -> str:
        return self.name
