"""Roles: who has which on which queue. For admins of all queues; every change is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from jobs import access, grants
from jobs.access import Verb
from jobs.models import Grant
from jobs.queues import QUEUES

if TYPE_CHECKING:
    AdminBase = admin.ModelAdmin[Grant]
    FormBase = forms.ModelForm[Grant]
else:
    AdminBase = admin.ModelAdmin
    FormBase = forms.ModelForm


class GrantForm(FormBase):
    queue = forms.ChoiceField(choices=[("", "all queues"), *((name, name) for name in QUEUES)], required=False)
    reason = forms.CharField(max_length=300, required=False, help_text="Kept in the audit.")

    class Meta:
        model = Grant
        fields = ("user", "group", "role", "queue")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not self.instance.pk and bool(given.get("user")) == bool(given.get("group")):
            raise forms.ValidationError("Choose a user or a group: one of the two.")
        return given


@admin.register(Grant)
class GrantAdmin(AdminBase):
    form = GrantForm
    list_display = ("of_whom", "role", "place", "by", "at")
    list_select_related = ("user", "group")
    list_filter = ("role", "queue")
    search_fields = ("user__username", "group__name")
    autocomplete_fields = ("user", "group")
    fields = ("user", "group", "role", "queue", "reason")

    def get_readonly_fields(self, request: HttpRequest, obj: Grant | None = None) -> tuple[str, ...]:
        return ("user", "group", "queue") if obj else ()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return access.may(request.user, Verb.GRANT)

    def has_view_permission(self, request: HttpRequest, obj: Grant | None = None) -> bool:
        return access.may(request.user, Verb.GRANT)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return access.may(request.user, Verb.GRANT)

    def has_change_permission(self, request: HttpRequest, obj: Grant | None = None) -> bool:
        return access.may(request.user, Verb.GRANT)

    def has_delete_permission(self, request: HttpRequest, obj: Grant | None = None) -> bool:
        return access.may(request.user, Verb.GRANT)

    def save_model(self, request: HttpRequest, obj: Grant, form: Any, change: bool) -> None:
        whom = obj.group or obj.user
        assert whom is not None
        who = {"by": request.user.get_username(), "reason": form.cleaned_data["reason"], "origin": "admin"}
        obj.pk = grants.grant(whom, obj.role, queue=obj.queue, **who).pk

    def delete_model(self, request: HttpRequest, obj: Grant) -> None:
        whom = obj.group or obj.user
        assert whom is not None
        grants.revoke(whom, queue=obj.queue, by=request.user.get_username(), origin="admin")

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Grant]) -> None:
        for one in queryset.select_related("user", "group"):
            self.delete_model(request, one)

    @admin.display(description="Queue", ordering="queue")
    def place(self, one: Grant) -> str:
        return one.queue or "all"
