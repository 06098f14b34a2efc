"""What is masked on a job's page, shown once a reason is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from jobs import revealing
from jobs.errors import Refused
from jobs.models import Job

if TYPE_CHECKING:
    from jobs.admin.job import JobAdmin


class WhyForm(forms.Form):
    reason = forms.CharField(
        label="Why do you need to see it?", max_length=300, widget=forms.TextInput(attrs={"class": "vTextField"})
    )


def reveal(model_admin: JobAdmin, request: HttpRequest, job: Job) -> HttpResponse:
    """Ask why (GET), then show it once (POST)."""
    form = WhyForm(request.POST or None)
    told = None
    if request.method == "POST" and form.is_valid():
        try:
            told = revealing.reveal(job, by=request.user.get_username(), reason=form.cleaned_data["reason"])
        except Refused as error:
            form.add_error("reason", str(error))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Reveal what is masked",
        "opts": model_admin.opts,
        "media": model_admin.media,
        "job": job,
        "form": form,
        "told": told,
        "back": reverse("admin:jobs_job_change", args=[job.pk]),
    }
    return TemplateResponse(request, "admin/jobs/job/reveal.html", context)
