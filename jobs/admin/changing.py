"""Another time or priority for a waiting job, asked for on a form of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from jobs import access, services
from jobs.access import Verb
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
    reason = forms.CharField(max_length=300, required=False, widget=forms.TextInput(attrs={"class": "vTextField"}))

    def __init__(self, job: Job, data: Any, *, may_hurry: bool) -> None:
        initial = {"run_at": job.run_at.replace(microsecond=0), "priority": job.priority}
        super().__init__(data, initial=initial)
        self.fields["run_at"].help_text = f"In {timezone.get_current_timezone_name()}; what is past is due at once."
        if not may_hurry:  # it concerns others' jobs
            del self.fields["priority"]

    def clean_run_at(self) -> datetime:
        wished: datetime = self.cleaned_data["run_at"]
        if wished > LAST:
            raise forms.ValidationError("Give a time before the year 9999 ends.")
        return wished

    def wishes(self) -> dict[str, Any]:
        """What was changed of what the form showed."""
        return {name: self.cleaned_data[name] for name in ("run_at", "priority") if name in self.changed_data}


def offered(request: HttpRequest, job: Job) -> bool:
    return job.status in WAITING and access.may(request.user, Verb.RETRY, job)


def change(model_admin: JobAdmin, request: HttpRequest, job: Job) -> HttpResponse:
    """Show what it waits for (GET), then change it (POST)."""
    page = reverse("admin:jobs_job_change", args=[job.pk])
    form = ChangeForm(job, request.POST or None, may_hurry=access.may(request.user, Verb.PAUSE, job.queue))
    if request.method == "POST" and form.is_valid():
        by, reason = request.user.get_username(), form.cleaned_data["reason"]
        try:
            services.change(job.pk, **form.wishes(), by=by, reason=reason, origin="admin")
            model_admin.message_user(request, f"Job {job.pk} is changed.", messages.SUCCESS)
        except Refused as error:
            model_admin.message_user(request, str(error), messages.ERROR)
        return HttpResponseRedirect(page)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Change time and priority",
        "opts": model_admin.opts,
        "media": model_admin.media,
        "job": job,
        "form": form,
        "back": page,
    }
    return TemplateResponse(request, "admin/jobs/job/change.html", context)
