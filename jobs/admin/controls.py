"""Pausing: queues and tasks that are held back, why, and by whom."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from jobs import access, registry, services
from jobs.access import Verb
from jobs.admin.display import badge, moment
from jobs.models import QueueControl, TaskControl
from jobs.models.control import Control
from jobs.queues import QUEUES

if TYPE_CHECKING:
    AdminBase = admin.ModelAdmin[Control]
    FormBase = forms.ModelForm[Control]
else:
    AdminBase = admin.ModelAdmin
    FormBase = forms.ModelForm


class ControlForm(FormBase):
    """Offers the names that there are and that have no row yet."""

    allowed: Collection[str] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "name" in self.fields:
            taken = set(self._meta.model._default_manager.values_list("name", flat=True))
            names = [name for name in self.names() if name not in taken and name in self.allowed]
            self.fields["name"] = forms.ChoiceField(choices=[(name, name) for name in names])

    def names(self) -> list[str]:
        return sorted(QUEUES)


class TaskControlForm(ControlForm):
    def names(self) -> list[str]:
        return registry.names()


class ControlAdmin(AdminBase):
    """Saving pauses or resumes by the verbs that everybody uses; who and why is recorded."""

    subject = "queue"
    form = ControlForm
    list_display = ("name", "state", "reason", "by", "changed")
    fields = ("name", "paused", "reason", "by", "changed_at", "resume_at")
    readonly_fields = ("by", "changed_at", "resume_at")
    actions = ("pause", "resume")

    class Media:
        css = {"all": ("jobs/admin.css",)}

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"paused": True}  # a row is added in order to pause

    def get_readonly_fields(self, request: HttpRequest, obj: Control | None = None) -> tuple[str, ...]:
        return ("name", *self.readonly_fields) if obj else self.readonly_fields

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Not in the index: the page of queues has them."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Control | None = None) -> bool:
        """Everybody with a role: it says why jobs wait."""
        return access.may_somewhere(request.user, Verb.SEE)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return access.may_somewhere(request.user, Verb.PAUSE)

    def has_change_permission(self, request: HttpRequest, obj: Control | None = None) -> bool:
        if obj is None:
            return access.may_somewhere(request.user, Verb.PAUSE)
        return access.may(request.user, Verb.PAUSE, cast("access.Subject", obj))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Offers what this person may pause."""
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"allowed": self.allowed(request)})

    def allowed(self, request: HttpRequest) -> Collection[str]:
        return access.queues(request.user, Verb.PAUSE)

    def has_delete_permission(self, request: HttpRequest, obj: Control | None = None) -> bool:
        """Resume it instead: the row says who did it."""
        return False

    def save_model(self, request: HttpRequest, obj: Control, form: Any, change: bool) -> None:
        self._do(request, obj.name, paused=obj.paused, reason=obj.reason)

    @admin.action(description="Pause", permissions=["change"])
    def pause(self, request: HttpRequest, controls: QuerySet[Control]) -> None:
        self._set(request, controls, paused=True)

    @admin.action(description="Resume", permissions=["change"])
    def resume(self, request: HttpRequest, controls: QuerySet[Control]) -> None:
        self._set(request, controls, paused=False)

    def _set(self, request: HttpRequest, controls: QuerySet[Control], *, paused: bool) -> None:
        words = "Paused" if paused else "Resumed"
        for control in controls.exclude(paused=paused):
            if not self.has_change_permission(request, control):
                self.message_user(request, f"{control.name} is not yours to steer.", messages.ERROR)
                continue
            self._do(request, control.name, paused=paused)
            self.log_change(request, control, f"{words}.")
            self.message_user(request, f"{words} {control.name}.", messages.SUCCESS)

    def _do(self, request: HttpRequest, name: str, *, paused: bool, reason: str = "") -> None:
        verb = services.pause if paused else services.resume
        by = request.user.get_username()
        verb(**{self.subject: name}, by=by, reason=reason, origin="admin")

    @admin.display(description="State")
    def state(self, control: Control) -> SafeString:
        return badge("retrying", "paused") if control.paused else badge("completed", "running")

    @admin.display(description="Changed")
    def changed(self, control: Control) -> SafeString:
        return moment(control.changed_at)


@admin.register(QueueControl)
class QueueControlAdmin(ControlAdmin):
    pass


@admin.register(TaskControl)
class TaskControlAdmin(ControlAdmin):
    subject = "task"
    form = TaskControlForm
    search_fields = ("name",)

    def allowed(self, request: HttpRequest) -> Collection[str]:
        return access.tasks(request.user, Verb.PAUSE)
