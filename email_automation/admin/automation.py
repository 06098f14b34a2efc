"""Rules and kill switches."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from email_automation import services
from email_automation.admin.reading import ModelAdminBase
from email_automation.ai.schemas import Intent
from email_automation.models import AutomationSetting, KillSwitch
from jobs import audit

if TYPE_CHECKING:
    FormBase = forms.ModelForm[AutomationSetting]
else:
    FormBase = forms.ModelForm


SWITCHES = (
    "sending_stopped",
    "undo_seconds",
    "draft_replies",
    "release_replies",
    "release_intents",
    "release_confidence",
)


class AutomationForm(FormBase):
    release_intents = forms.MultipleChoiceField(
        choices=[(intent.value, intent.value.replace("_", " ")) for intent in Intent if intent is not Intent.SPAM],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Only replies to mail of these intents are sent without a person.",
    )

    class Meta:
        model = AutomationSetting
        fields = (
            "user",
            "sending_stopped",
            "undo_seconds",
            "draft_replies",
            "reply_instructions",
            "sender_name",
            "release_replies",
            "release_intents",
            "release_confidence",
        )


@admin.register(AutomationSetting)
class AutomationSettingAdmin(ModelAdminBase):
    form = AutomationForm
    list_display = ("user", "sending_stopped", "draft_replies", "release_replies", "updated_at")
    list_select_related = ("user",)
    list_filter = ("sending_stopped", "draft_replies", "release_replies")
    search_fields = ("user__username",)
    autocomplete_fields = ("user",)

    def save_model(self, request: HttpRequest, obj: AutomationSetting, form: Any, change: bool) -> None:
        before = _switches(AutomationSetting.objects.filter(pk=obj.pk).first(), SWITCHES)
        super().save_model(request, obj, form, change)
        _record(request, f"automation of {obj.user}", before, _switches(obj, SWITCHES))

    def delete_model(self, request: HttpRequest, obj: AutomationSetting) -> None:
        _record(request, f"automation of {obj.user}", _switches(obj, SWITCHES), None)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[AutomationSetting]) -> None:
        for one in queryset:
            self.delete_model(request, one)


@admin.register(KillSwitch)
class KillSwitchAdmin(ModelAdminBase):
    list_display = ("__str__", "reason", "updated_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not KillSwitch.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: KillSwitch, form: Any, change: bool) -> None:
        obj.pk = 1  # the one row
        services.set_kill_switch(obj.sending_stopped, by=request.user.get_username(), reason=obj.reason)


def _switches(row: AutomationSetting | None, names: Sequence[str]) -> dict[str, Any] | None:
    return {name: getattr(row, name) for name in names} if row else None


def _record(request: HttpRequest, subject: str, before: Any, after: Any) -> None:
    if before != after:
        audit.record("change", subject, by=request.user.get_username(), before=before, after=after)
