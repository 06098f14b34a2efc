"""What a user lets happen without a person. Every change is recorded."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from email_automation.models import AutomationSetting, KillSwitch
from jobs import audit

RECORDED = ("sending_stopped", "undo_seconds", "draft_replies", "release_replies")  # no words of anybody


@transaction.atomic
def set_automation(user: AbstractBaseUser, *, by: str, **written: Any) -> AutomationSetting:
    """Change what is given of a user's setting."""
    audit.hold()
    setting, _ = AutomationSetting.objects.select_for_update().get_or_create(user_id=user.pk)
    before = _state(setting)
    for name, value in written.items():
        setattr(setting, name, value)
    setting.save(update_fields=[*written, "updated_at"])
    if before != _state(setting):
        audit.record("change", f"automation of {user.get_username()}", by=by, before=before, after=_state(setting))
    return setting


@transaction.atomic
def set_kill_switch(stopped: bool, *, by: str, reason: str = "") -> KillSwitch:
    """Stop the mail of everybody, or allow it again. Code, which gives no name, is not recorded."""
    audit.hold()
    before = KillSwitch.objects.filter(pk=1).values("sending_stopped", "reason").first()
    after = {"sending_stopped": stopped, "reason": reason[:200]}
    switch, _ = KillSwitch.objects.update_or_create(pk=1, defaults=after)
    if by and before != after:
        audit.record("change", "kill switch of all mail", by=by, reason=reason, before=before, after=after)
    return switch


def _state(setting: AutomationSetting) -> dict[str, Any]:
    return {name: getattr(setting, name) for name in RECORDED}
