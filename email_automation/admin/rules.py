"""Rules and follow-ups: what may happen without a person, and what did."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from email_automation import services
from email_automation.admin.reading import ModelAdminBase, ReadOnlyAdmin, enqueue_each, has_perm, person
from email_automation.automation.rules import FIELDS, Do
from email_automation.models import AutomaticAction, FollowUp, FollowUpRule, Rule, RuleMatch

if TYPE_CHECKING:
    RuleFormBase = forms.ModelForm[Rule]
else:
    RuleFormBase = forms.ModelForm


class RuleForm(RuleFormBase):
    class Meta:
        model = Rule
        fields = ("user", "name", "enabled", "order", "when", "then", "text", "stop")
        widgets = {
            "when": forms.TextInput(attrs={"class": "vLargeTextField"}),
            "then": forms.TextInput(attrs={"class": "vLargeTextField"}),
        }
        help_texts = {
            "when": "Empty: all mail. Else fields as in a search, - negates: "
            + "; ".join(f"{name}: {field.help}" for name, field in FIELDS.items()),
            "then": "One or more of " + ", ".join(Do) + "; label:Sales, stage:qualified, escalate:ann@acme.com.",
        }


@admin.register(Rule)
class RuleAdmin(ModelAdminBase):
    form = RuleForm
    list_display = ("name", "user", "enabled", "order", "when", "then", "stop")
    list_select_related = ("user",)
    list_filter = ("enabled", ("user", admin.RelatedOnlyFieldListFilter))
    search_fields = ("name", "when", "then")
    autocomplete_fields = ("user",)

    def save_model(self, request: HttpRequest, obj: Rule, form: Any, change: bool) -> None:
        services.save_rule(obj, by=person(request).get_username())

    def delete_model(self, request: HttpRequest, obj: Rule) -> None:
        services.delete_rule(obj, by=person(request).get_username())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Rule]) -> None:
        for rule in queryset:
            self.delete_model(request, rule)


@admin.register(RuleMatch)
class RuleMatchAdmin(ReadOnlyAdmin):
    list_display = ("name", "message", "when", "then", "asked_by", "created_at")
    list_select_related = ("message", "asked_by")
    list_filter = ("name", "created_at")


@admin.register(FollowUpRule)
class FollowUpRuleAdmin(ModelAdminBase):
    list_display = ("__str__", "user", "enabled", "send", "updated_at")
    list_select_related = ("user",)
    list_filter = ("enabled", "stage", ("user", admin.RelatedOnlyFieldListFilter))
    autocomplete_fields = ("user",)
    fields = ("user", "stage", "step", "days", "enabled", "send", "text")

    def get_readonly_fields(self, request: HttpRequest, obj: FollowUpRule | None = None) -> tuple[str, ...]:
        return ("user", "stage", "step") if obj else ()

    def save_model(self, request: HttpRequest, obj: FollowUpRule, form: Any, change: bool) -> None:
        written = {name: getattr(obj, name) for name in ("days", "enabled", "send", "text")}
        if change:
            leads = services.set_follow_up_rule(FollowUpRule.objects.get(pk=obj.pk), by=person(request), **written)
            self.message_user(request, f"{leads} follow-ups were planned or stopped by this.")
            return
        made = services.add_follow_up_rule(obj.user, by=person(request), stage=obj.stage, step=obj.step, **written)
        obj.pk = made.pk

    def delete_model(self, request: HttpRequest, obj: FollowUpRule) -> None:
        services.delete_follow_up_rule(obj, by=person(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[FollowUpRule]) -> None:
        for rule in queryset:
            self.delete_model(request, rule)


@admin.register(FollowUp)
class FollowUpAdmin(ReadOnlyAdmin):
    list_display = ("lead", "stage", "step", "status", "reason", "due_at", "user", "mail")
    list_select_related = ("lead", "user", "mail")
    list_filter = ("status", "stage")
    search_fields = ("lead__email",)
    actions = ("stop",)

    def has_stop_permission(self, request: HttpRequest) -> bool:
        return has_perm(request, FollowUp, "change")

    @admin.action(description="Stop these", permissions=["stop"])
    def stop(self, request: HttpRequest, rows: QuerySet[FollowUp]) -> None:
        def stop_one(follow_up: FollowUp) -> None:
            services.stop_follow_up(follow_up, by=person(request))

        enqueue_each(request, self, rows, stop_one, "Stop")


@admin.register(AutomaticAction)
class AutomaticActionAdmin(ReadOnlyAdmin):
    list_display = ("at", "user", "kind", "key", "address")
    list_select_related = ("user",)
    list_filter = ("kind", "at")
