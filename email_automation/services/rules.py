"""A user's rules: write them, try them, have them run, switch them. Every change is recorded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction

from email_automation.automation import acting, rules
from email_automation.automation.rules import BadRule, Reason
from email_automation.models import Message, Rule
from email_automation.models.rules import MAX_TEXT
from jobs import audit, services
from jobs.errors import Refused
from jobs.models import Job
from jobs.models.job import new_id

WRITTEN = ("name", "enabled", "order", "when", "then", "text", "stop")
MAX_RULES = 100  # of a user
MAX_ORDER = 32_000
TRIED = 200  # of the latest messages


@dataclass(frozen=True)
class Tried:
    """What a rule would make of a message."""

    message: Message
    reasons: Sequence[Reason]

    @property
    def holds(self) -> bool:
        return all(reason.holds for reason in self.reasons)


def add_rule(user: AbstractBaseUser, *, by: str, **written: Any) -> Rule:
    """A new rule of a user; off, unless `enabled` is given.

    Raises:
        BadRule: naming what is wrong with it.
        Refused: there are too many, or one has the name.
    """
    if Rule.objects.filter(user_id=user.pk).count() >= MAX_RULES:
        raise Refused(f"You have {MAX_RULES} rules, which is as many as there may be. Delete one.", field="name")
    return save_rule(Rule(user_id=user.pk, **written), by=by)


def change_rule(rule: Rule, *, by: str, **written: Any) -> Rule:
    """Change what is given of a rule. Raises as `add_rule`."""
    for name, value in written.items():
        setattr(rule, name, value)
    return save_rule(rule, by=by)


@transaction.atomic
def save_rule(rule: Rule, *, by: str) -> Rule:
    """Save a new or changed rule. Raises as `add_rule`."""
    _check(rule)
    audit.hold()
    stored = Rule.objects.filter(pk=rule.pk).first() if rule.pk else None
    try:
        with transaction.atomic():
            rule.save()
    except IntegrityError:
        raise BadRule(f"You have a rule of the name {rule.name!r}. Give it another.", field="name") from None
    before, after = _state(stored) if stored else None, _state(rule)
    if before != after:
        audit.record("change" if stored else "add", _name(rule), by=by, before=before, after=after)
    return rule


@transaction.atomic
def delete_rule(rule: Rule, *, by: str) -> None:
    """Delete a rule; what it did stays on its messages."""
    before, name = _state(rule), _name(rule)
    rule.delete()
    audit.record("delete", name, by=by, before=before, after=None)


def try_rule(user: AbstractBaseUser, when: str) -> Iterator[Tried]:
    """What a rule would make of the user's latest messages. Nothing is done.

    Raises:
        BadRule: it is not understood.
    """
    rules.conditions(when)
    latest = Message.objects.filter(mailbox__user_id=user.pk, unreadable_reason="").select_related("mailbox")
    rule = Rule(user_id=user.pk, when=when)
    for message in latest.defer("text", "headers", "references").order_by("-pk")[:TRIED]:
        yield Tried(message, acting.explain(rule, message))


def run_rules(message: Message, *, by: AbstractBaseUser) -> Job:
    """Have the rules that are on run on a message, old mail too. What they write, a person approves.

    Raises:
        Refused: it is not classified.
    """
    if message.classified_at is None:
        raise Refused("Rules go by what a message is: have it classified first.", field="message")
    arguments = {"message_id": message.pk, "asked_by": by.pk}
    return services.enqueue("act_on_message", arguments, job_id=new_id(), owner_id=message.mailbox.user_id)


def _check(rule: Rule) -> None:
    if not 0 < len(rule.name) <= 100 or not rule.name.isprintable():
        raise BadRule("name is to be one line of 1 to 100 characters.", field="name")
    if not 0 <= rule.order <= MAX_ORDER:
        raise BadRule(f"order is to be 0 to {MAX_ORDER}.", field="order")
    if len(rule.text) > MAX_TEXT or "\0" in rule.text:
        raise BadRule(f"text is to be at most {MAX_TEXT:,} characters, without a NUL.", field="text")
    rules.conditions(rule.when)
    rules.actions(rule.then)


def _state(rule: Rule) -> dict[str, Any]:
    """What is recorded: the audit is kept for ever, so not the words of a mail."""
    return {name: getattr(rule, name) for name in WRITTEN if name != "text"}


def _name(rule: Rule) -> str:
    return f"rule {rule.pk} of user {rule.user_id}"
