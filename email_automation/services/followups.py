"""When leads who do not answer are written to again: offer it, switch it, stop one. Every change is recorded."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from crm.models import Activity, Lead
from crm.words import Stage
from email_automation.automation import followups, stopping
from email_automation.models import OPEN_FOLLOW_UPS, FollowUp, FollowUpRule
from email_automation.models.followups import MAX_DAYS
from email_automation.models.rules import MAX_TEXT
from jobs import audit
from jobs.errors import Refused, WrongState

DEFAULTS = {Stage.NEW: 1, Stage.PROPOSAL: 3, Stage.QUALIFIED: 7}  # days
STAGES = tuple(stage for stage in Stage if stage is not Stage.CLOSED)
MAX_STEP = 10
RECORDED = ("stage", "step", "days", "enabled", "send")


def offer_follow_ups(user: AbstractBaseUser) -> list[FollowUpRule]:
    """The user's rules; where there are none, the usual ones, switched off."""
    if not FollowUpRule.objects.filter(user_id=user.pk).exists():
        usual = [FollowUpRule(user_id=user.pk, stage=stage, days=days) for stage, days in DEFAULTS.items()]
        FollowUpRule.objects.bulk_create(usual, ignore_conflicts=True)
    return list(FollowUpRule.objects.filter(user_id=user.pk))


def add_follow_up_rule(user: AbstractBaseUser, *, by: AbstractBaseUser, **written: Any) -> FollowUpRule:
    """One more rule; off, unless `enabled` is given.

    Raises:
        Refused: naming what is wrong with it.
    """
    rule = FollowUpRule(user_id=user.pk, **{**written, "enabled": False})
    _check(rule)
    try:
        with transaction.atomic():
            rule.save()
            audit.record("add", _name(rule), by=by.get_username(), before=None, after=_state(rule))
            set_follow_up_rule(rule, by=by, enabled=bool(written.get("enabled")))
    except IntegrityError:
        raise Refused(f"There is a rule for step {rule.step} of {rule.stage}. Change that one.", field="step") from None
    return rule


@transaction.atomic
def set_follow_up_rule(rule: FollowUpRule, *, by: AbstractBaseUser, **written: Any) -> int:
    """Change what is given of a rule. Switched on it plans for the leads whose time is still to come, and writes to
    nobody whose time was over before; switched off it stops what it planned.

    Returns:
        How many were planned or stopped.

    Raises:
        Refused: naming what is wrong with it.
    """
    audit.hold()
    before = _state(rule)
    for name, value in written.items():
        setattr(rule, name, value)
    _check(rule)
    rule.save()
    after = _state(rule)
    if before != after:
        audit.record("change", _name(rule), by=by.get_username(), before=before, after=after)
    if rule.enabled and not before["enabled"]:
        return _plan_all(rule)
    return _stop_all(rule, by) if before["enabled"] and not rule.enabled else 0


@transaction.atomic
def delete_follow_up_rule(rule: FollowUpRule, *, by: AbstractBaseUser) -> int:
    """Delete a rule and stop what it planned. Returns how many were."""
    audit.hold()
    stopped = _stop_all(rule, by)
    before, name = _state(rule), _name(rule)
    rule.delete()
    audit.record("delete", name, by=by.get_username(), before=before, after=None)
    return stopped


@transaction.atomic
def stop_follow_up(follow_up: FollowUp, *, by: AbstractBaseUser, reason: str = "") -> None:
    """Nobody is written to.

    Raises:
        WrongState: it is stopped already.
    """
    said = f"stopped by {by.get_username()}{': ' if reason else ''}{reason}"
    audit.hold()
    if not stopping.stop(follow_up, said, by=by.get_username()):
        raise WrongState("Only an open follow-up can be stopped; this one is.", field="status")


def _plan_all(rule: FollowUpRule) -> int:
    if rule.step > 1:
        return 0  # planned when the step before is written
    recent = timezone.now() - timedelta(days=rule.days)
    leads = Lead.objects.filter(user_id=rule.user_id, stage=rule.stage, updated_at__gt=recent)
    return sum(followups.plan(lead, rule, _since(lead)) is not None for lead in leads.iterator())


def _since(lead: Lead) -> datetime:
    """When the lead came into its stage, as far as its history says."""
    moved = Activity.objects.filter(lead=lead, changes__has_key="stage").order_by("-id").first()
    return moved.occurred_at if moved else lead.last_contact_at or lead.created_at


def _stop_all(rule: FollowUpRule, by: AbstractBaseUser) -> int:
    planned = FollowUp.objects.filter(rule=rule, status__in=OPEN_FOLLOW_UPS)
    return sum(stopping.stop(one, "its rule was switched off", by=by.get_username()) for one in planned)


def _check(rule: FollowUpRule) -> None:
    if rule.stage not in STAGES:
        raise Refused(f"stage is to be one of {', '.join(STAGES)}.", field="stage")
    for name, most in (("days", MAX_DAYS), ("step", MAX_STEP)):
        if not 1 <= getattr(rule, name) <= most:
            raise Refused(f"{name} is to be 1 to {most}.", field=name)
    if len(rule.text) > MAX_TEXT or "\0" in rule.text:
        raise Refused(f"text is to be at most {MAX_TEXT:,} characters, without a NUL.", field="text")


def _state(rule: FollowUpRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in RECORDED}


def _name(rule: FollowUpRule) -> str:
    return f"follow-up rule {rule.pk} of user {rule.user_id}"
