"""Forms of the admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet
from django.utils.functional import cached_property

from crm import addresses, phones
from crm.models import Activity, Contact, Lead

if TYPE_CHECKING:
    ActivityFormSetBase = BaseInlineFormSet[Activity, Contact | Lead, forms.ModelForm[Activity]]
    PersonFormBase = forms.ModelForm[Any]
else:
    ActivityFormSetBase = BaseInlineFormSet
    PersonFormBase = forms.ModelForm

SHOWN_ACTIVITIES = 50


class PersonForm(PersonFormBase):
    """A form that remembers what it showed, so that saving writes only what the person changed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True

    def clean_email(self) -> str:
        try:
            return addresses.normalise(self.cleaned_data["email"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def clean_phone(self) -> str:
        return phones.normalise(self.cleaned_data["phone"])

    def clean_tags(self) -> list[str]:
        tags = self.cleaned_data["tags"] or []
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            raise forms.ValidationError('Give a list of words, such as ["vip", "berlin"].')
        return tags

    def clean_metadata(self) -> dict[str, object]:
        metadata = self.cleaned_data["metadata"] or {}
        if not isinstance(metadata, dict):
            raise forms.ValidationError('Give an object, such as {"order": 17}.')
        return metadata


class LatestFirst(ActivityFormSetBase):
    """The latest activities of one record, not all of a long history."""

    def get_queryset(self) -> QuerySet[Activity]:
        return self._latest

    @cached_property
    def _latest(self) -> QuerySet[Activity]:
        """Of a lead those of its contact: they began before it was a lead."""
        known = Activity.objects.select_related("by")
        contact_id = self.instance.contact_id if isinstance(self.instance, Lead) else self.instance.pk
        return known.filter(contact_id=contact_id).order_by("-id")[:SHOWN_ACTIVITIES]
