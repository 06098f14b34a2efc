"""Who gets no more mail, and whom a user's mail comes from."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from email_automation import services
from email_automation.admin.reading import ModelAdminBase, person
from email_automation.models import Sender, Suppression
from email_automation.sending.recipients import BadMailError, addresses
from email_automation.sending.suppressing import normal
from jobs.admin.lists import BoundedAdmin, RelatedFilter


class SuppressionForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Suppression
        fields = ("user", "address", "source")

    def clean_address(self) -> str:
        try:
            [checked] = addresses(self.cleaned_data["address"])
        except BadMailError as error:
            raise ValidationError(str(error).replace("to ", "It ", 1)) from None
        return normal(checked)


@admin.register(Suppression)
class SuppressionAdmin(BoundedAdmin):
    form = SuppressionForm
    list_display = ("address", "cause", "user", "source", "created_at")
    list_filter = ("cause", "created_at", ("user", RelatedFilter))
    list_select_related = ("user",)
    search_fields = ("address",)
    autocomplete_fields = ("user",)

    def has_change_permission(self, request: HttpRequest, obj: Suppression | None = None) -> bool:
        """One is added or taken away, not made another."""
        return False

    def save_model(self, request: HttpRequest, obj: Suppression, form: Any, change: bool) -> None:
        name = person(request).get_username()
        row = services.suppress_for(obj.address, obj.user_id, source=obj.source or f"by {name}", by=name)
        obj.pk = row.pk

    def delete_model(self, request: HttpRequest, obj: Suppression) -> None:
        services.allow_again(obj, by=person(request).get_username())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Suppression]) -> None:
        for row in queryset:
            self.delete_model(request, row)


@admin.register(Sender)
class SenderAdmin(ModelAdminBase):
    list_display = ("user", "name", "address")
    autocomplete_fields = ("user",)
    search_fields = ("address", "user__username")
