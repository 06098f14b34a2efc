"""Another time or priority, or other arguments, for a waiting job, asked for on a form of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from jobs import access, masking, services
from jobs.access import Verb
from jobs.admin.fields import JsonField
from jobs.errors import Refused
from jobs.models import WAITING, Job

if TYPE_CHECKING:
    from jobs.admin.job import JobAdmin

LAST = datetime(9999, 12, 1, tzinfo=UTC)


class ChangeForm(forms.Form):
    run_at = forms.DateTimeField(
        label="Not before",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"),
    )
    priority = forms.TypedChoiceField(
        coerce=int, choices=[(number, str(number)) for number in range(10)], help_text="0 runs first."
    )
    args = JsonField(
        label="Arguments",
        required=False,
        help_text="By name, as JSON. What is masked stays as it is if you leave it so. The job begins from its start.",
    )
    reason = forms.CharField(max_length=300, required=False, widget=forms.TextInput(attrs={"class": "vTextField"}))

    def __init__(self, job: Job, data: Any, *, may_hurry: bool, may_enqueue: bool) -> None:
        initial = {
            "run_at": job.run_at.replace(microsecond=0),
            "priority": job.priority,
            "args": masking.arguments(job),
        }
        super().__init__(data, initial=initial)
        self.fields["run_at"].help_text = f"In {timezone.get_current_timezone_name()}; what is past is due at once."
        if not may_hurry:  # it concerns others' jobs
            del self.fields["priority"]
        if not may_enqueue:
            del self.fields["args"]

    def clean_run_at(self) -> datetime:
        wished: datetime = self.cleaned_data["run_at"]
        if wished > LAST:
            raise forms.ValidationError("Give a time before the year 9999 ends.")
        return wished

    def clean_args(self) -> dict[str, Any]:
        args = self.cleaned_data["args"] or {}
        if not isinstance(args, dict):
            raise forms.ValidationError('Give them by name: {"user_id": 1}')
        return args

    def turn(self) -> dict[str, Any]:
        """What was changed of the time and the priority that the form showed."""
        return {name: self.cleaned_data[name] for name in ("run_at", "priority") if name in self.changed_data}


def offered(request: HttpRequest, job: Job) -> bool:
    return job.status in WAITING and access.may(request.user, Verb.RETRY, job)


def change(model_admin: JobAdmin, request: HttpRequest, job: Job) -> HttpResponse:
    """Show what it waits for and what it is called with (GET), then change it (POST)."""
    page = reverse("admin:jobs_job_change", args=[job.pk])
    form = ChangeForm(
        job,
        request.POST or None,
        may_hurry=access.may(request.user, Verb.PAUSE, job.queue),
        may_enqueue=access.may_enqueue(request.user, job.task, job.arguments, job.owner_id),
    )
    if request.method == "POST" and form.is_valid() and _changed(request, job, form):
        model_admin.message_user(request, f"Job {job.pk} is changed.", messages.SUCCESS)
        return HttpResponseRedirect(page)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Change a waiting job",
        "opts": model_admin.opts,
        "media": model_admin.media,
        "job": job,
        "form": form,
        "back": page,
    }
    return TemplateResponse(request, "admin/jobs/job/change.html", context)


def _changed(request: HttpRequest, job: Job, form: ChangeForm) -> bool:
    """All that was changed on the form, or nothing and what is wrong with it."""
    by = {"by": request.user.get_username(), "reason": form.cleaned_data["reason"], "origin": "admin"}
    has_arguments, turn = "args" in form.changed_data, form.turn()
    if has_arguments and not access.may_enqueue(request.user, job.task, form.cleaned_data["args"], job.owner_id):
        form.add_error("args", "You may not enqueue this task with these arguments.")
        return False
    try:
        with transaction.atomic():
            if has_arguments:
                services.change_arguments(job.pk, form.cleaned_data["args"], **by)
            if turn or not has_arguments:
                services.change(job.pk, **turn, **by)
    except Refused as error:
        form.add_error(error.field if error.field in form.fields else "args" if has_arguments else None, str(error))
        return False
    return True
