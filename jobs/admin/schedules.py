"""Schedules: made and changed here, with the next ticks shown before anything is saved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, cast
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from jobs import access, masking, schedule, timetable
from jobs.access import Verb
from jobs.admin import ticking
from jobs.admin.display import badge, block, moment, pretty
from jobs.admin.fields import JsonField
from jobs.errors import Refused
from jobs.models import Schedule

if TYPE_CHECKING:
    AdminBase = admin.ModelAdmin[Schedule]
    FormBase = forms.ModelForm[Schedule]
else:
    AdminBase = admin.ModelAdmin
    FormBase = forms.ModelForm

TICKS = ("cron", "every", "time_zone")  # what the next ones are worked out from


class LongSelect(forms.Select):
    """For hundreds of options: as Django's, without a template for each, which took a tenth of a second."""

    template_name = "admin/jobs/long_select.html"


class ScheduleForm(FormBase):
    """Checked like an enqueue: a task's name, its arguments against its signature, a cron expression, a user."""

    allowed: Sequence[str] = ()
    enabled = forms.BooleanField(required=False, initial=True, help_text="Off, its ticks pass and are not made up for.")

    class Meta:
        model = Schedule
        fields = ("name", "task", "arguments", "cron", "every", "time_zone", "overlap", "missed", "owner_id")
        field_classes: ClassVar[dict[str, Any]] = {"arguments": JsonField}
        labels: ClassVar[dict[str, str]] = {"owner_id": "Owner", "every": "Every", "missed": "Missed ticks"}
        help_texts: ClassVar[dict[str, str]] = {
            "arguments": 'By name, as JSON: {"user_id": 1}',
            "cron": "Minute, hour, day of the month, month, day of the week: 30 9 * * 1-5. Or leave it empty and say a "
            "number of seconds.",
            "overlap": "While the last tick's job goes on: skip the tick, allow both, or let one wait.",
            "missed": "While no dispatcher ran: skip them, make up for them once, or for all.",
            "owner_id": "A user's number: whose job it is, and who sees it. Empty for the system's own.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.fields:  # somebody who may only look
            return
        names = dict.fromkeys([*self.allowed, self.instance.task] if self.instance.task else self.allowed)
        self.fields["task"] = forms.ChoiceField(choices=[(name, name) for name in names])
        self.fields["time_zone"] = forms.ChoiceField(choices=_zones(), initial="UTC", widget=LongSelect)
        if self.instance.pk:
            self.initial["arguments"] = timetable.shown(self.instance)["arguments"]
            self.fields["enabled"].initial = not self.instance.paused

    @property
    def is_preview(self) -> bool:
        return "_preview" in self.data

    def is_valid(self) -> bool:
        """A preview is shown again with what was typed, and never saved."""
        return super().is_valid() and not self.is_preview

    def clean_owner_id(self) -> int | None:
        owner_id = cast("int | None", self.cleaned_data["owner_id"])
        try:
            timetable.check_owner(owner_id)
        except Refused as error:
            raise forms.ValidationError(str(error)) from None
        return owner_id

    def clean_arguments(self) -> dict[str, Any]:
        arguments = self.cleaned_data["arguments"] or {}
        if not isinstance(arguments, dict):
            raise forms.ValidationError('Give them by name: {"user_id": 1}')
        kept = Schedule.objects.filter(pk=self.instance.pk).values_list("arguments", flat=True).first()
        return cast("dict[str, Any]", masking.restored(arguments, kept))

    def next_ticks(self) -> list[datetime]:
        """Of what is typed, or of what is saved; none while it is wrong."""
        if self.is_bound:
            return [] if self.errors else schedule.preview(self._typed())
        return schedule.preview(self.instance) if self.instance.pk else []

    def _typed(self) -> Schedule:
        typed = {name: self.cleaned_data[name] for name in TICKS}
        return Schedule(**typed, created_at=self.instance.created_at or timezone.now())

    def save(self, commit: bool = True) -> Schedule:
        self.instance.paused = not self.cleaned_data["enabled"]
        return super().save(commit)


@admin.register(Schedule)
class ScheduleAdmin(AdminBase):
    form = ScheduleForm
    change_form_template = "admin/jobs/schedule/change_form.html"
    list_display = ("name", "task", "clock", "state", "next")
    list_filter = ("paused",)
    search_fields = ("name", "task")
    fields = ("name", "task", "arguments", "cron", "every", "time_zone", "overlap", "missed", "owner_id", "enabled")

    class Media:
        css = {"all": ("jobs/admin.css",)}

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Schedule | None = None) -> bool:
        return access.may_somewhere(request.user, Verb.SEE)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return access.may_somewhere(request.user, Verb.SCHEDULE)

    def has_change_permission(self, request: HttpRequest, obj: Schedule | None = None) -> bool:
        return access.may(request.user, Verb.SCHEDULE, obj) if obj else self.has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Schedule | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Schedule]:
        schedules = super().get_queryset(request)
        if access.may(request.user, Verb.SEE):
            return schedules
        return schedules.filter(task__in=access.tasks(request.user, Verb.SEE))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Offers the tasks that this person may schedule."""
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"allowed": access.tasks(request.user, Verb.SCHEDULE)})

    def get_fields(self, request: HttpRequest, obj: Schedule | None = None) -> Any:
        may_change = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        if may_change:
            return self.fields
        hidden = {"arguments": "shown_arguments", "enabled": "paused"}
        return tuple(hidden.get(name, name) for name in self.fields)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        form = context["adminform"].form
        ticks = form.next_ticks() if isinstance(form, ScheduleForm) else []
        return super().render_change_form(request, context | {"ticks": ticks}, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Schedule, form: Any, change: bool) -> None:
        timetable.save(obj, by=request.user.get_username(), origin="admin")

    def delete_model(self, request: HttpRequest, obj: Schedule) -> None:
        timetable.remove(obj, by=request.user.get_username(), origin="admin")

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        for one in queryset:
            if not self.has_delete_permission(request, one):
                raise PermissionDenied
            self.delete_model(request, one)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.act_view)
        acts = [path(f"<int:pk>/{name}/", view, {"act": name}, name=f"jobs_schedule_{name}") for name in ticking.ACTS]
        return [*acts, *super().get_urls()]

    def act_view(self, request: HttpRequest, pk: int, act: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        one = self.get_queryset(request).filter(pk=pk).first()
        if one is None:
            raise Http404
        access.check(request.user, Verb.SCHEDULE, one)
        return ticking.act(request, one, act)

    @admin.display(description="Arguments")
    def shown_arguments(self, one: Schedule) -> SafeString:
        return block(pretty(timetable.shown(one)["arguments"]))

    @admin.display(description="When")
    def clock(self, one: Schedule) -> str:
        return f"{one.cron} ({one.time_zone})" if one.cron else f"every {one.every} s"

    @admin.display(description="State")
    def state(self, one: Schedule) -> SafeString:
        return badge("retrying", "off") if one.paused else badge("completed", "on")

    @admin.display(description="Next")
    def next(self, one: Schedule) -> SafeString:
        return format_html_join("", "{}", [(moment(one.next_tick),)]) if not one.paused else moment(None)


@cache
def _zones() -> list[tuple[str, str]]:
    """Read from a file each."""
    return [(name, name) for name in sorted(available_timezones())]
