"""An effect in doubt: a person says whether it happened, and how they know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from jobs import services
from jobs.admin.page import may_steer, of_jobs, shown
from jobs.errors import Refused
from jobs.models import Effect, EffectStatus, Job, JobStatus

if TYPE_CHECKING:
    from jobs.admin.job import JobAdmin

MOST = 100


class AnswerForm(forms.Form):
    happened = forms.ChoiceField(
        label="Did it happen?",
        choices=[("yes", "Yes: it is kept as done and not done again"), ("no", "No: it is done when the job runs on")],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label="How do you know?", max_length=300, widget=forms.TextInput(attrs={"class": "vTextField"})
    )


@of_jobs
def doubt_page(request: HttpRequest) -> HttpResponse:
    """The jobs that wait for a person's word, those that have waited longest first."""
    in_doubt = Job.objects.visible_to(request.user).filter(status=JobStatus.IN_DOUBT)
    unclear = Prefetch("effects", Effect.objects.filter(status=EffectStatus.ATTEMPTING), to_attr="unclear")
    jobs = in_doubt.order_by("finished_at", "pk").defer("arguments", "workflow").prefetch_related(unclear)
    return shown(request, "doubt", "In doubt", jobs=jobs[:MOST], most=MOST, may_steer=may_steer(request.user))


def resolve(model_admin: JobAdmin, request: HttpRequest, job: Job, effect: Effect) -> HttpResponse:
    """Ask (GET), then settle the effect and let its job run on (POST)."""
    page = reverse("admin:jobs_job_change", args=[job.pk])
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        happened = form.cleaned_data["happened"] == "yes"
        by = request.user.get_username()
        try:
            services.resolve(effect.pk, happened=happened, by=by, reason=form.cleaned_data["reason"])
            model_admin.message_user(request, "Resolved: the job runs on.", messages.SUCCESS)
        except Refused as error:
            model_admin.message_user(request, str(error), messages.ERROR)
        return HttpResponseRedirect(page)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Resolve an effect in doubt",
        "opts": model_admin.opts,
        "media": model_admin.media,
        "job": job,
        "effect": effect,
        "form": form,
        "back": page,
    }
    return TemplateResponse(request, "admin/jobs/job/resolve.html", context)
