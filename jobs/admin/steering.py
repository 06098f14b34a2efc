"""Cancel and retry in the admin: for one job or for many, asked back, with a reason that is kept."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from jobs import access, again, cancelling, services
from jobs.errors import Refused
from jobs.lifecycle import AGAIN
from jobs.models import WAITING, Job, JobQuerySet, JobStatus
from jobs.query import Window

if TYPE_CHECKING:
    from jobs.admin.job import JobAdmin

MANY = 5_000  # jobs of one press, by the hundred: the browser waits
TEMPLATE = "admin/jobs/job/confirm.html"


@dataclass(frozen=True)
class Verb:
    name: str
    label: str
    asks: access.Verb
    fits: Collection[str]
    run: Callable[[UUID, str, str], str]  # returns what was done


def _cancel(job_id: UUID, by: str, reason: str) -> str:
    return str(services.cancel(job_id, by=by, reason=reason))


def _retry(job_id: UUID, by: str, reason: str) -> str:
    services.retry(job_id, by=by, reason=reason)
    return "waiting again"


def _run_now(job_id: UUID, by: str, reason: str) -> str:
    services.run_now(job_id, by=by, reason=reason, origin="admin")
    return "due now"


def _copy(job_id: UUID, by: str, reason: str) -> str:
    made = services.copy(job_id, by=by, reason=reason, origin="admin")
    return f"copied as {made.pk}"


CANCEL = Verb("cancel", "Cancel", access.Verb.CANCEL, (*WAITING, JobStatus.PROCESSING), _cancel)
RETRY = Verb("retry", "Run again", access.Verb.RETRY, AGAIN, _retry)
RUN_NOW = Verb("run-now", "Run now", access.Verb.RETRY, WAITING, _run_now)
COPY = Verb("copy", "Run a copy", access.Verb.ENQUEUE, JobStatus.values, _copy)
VERBS = {verb.name: verb for verb in (CANCEL, RETRY, RUN_NOW, COPY)}


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=300, required=False, widget=forms.TextInput(attrs={"class": "vTextField", "autofocus": True})
    )


def buttons(request: HttpRequest, job: Job) -> list[dict[str, str]]:
    """What this person may do to this job now."""
    return [
        {"name": verb.name, "label": verb.label, "address": reverse(f"admin:jobs_job_{verb.name}", args=[job.pk])}
        for verb in VERBS.values()
        if job.status in verb.fits and access.may(request.user, verb.asks, job)
    ]


def one(model_admin: JobAdmin, request: HttpRequest, job: Job, verb: Verb) -> HttpResponse:
    """Ask back (GET), then do it to one job (POST)."""
    page = reverse("admin:jobs_job_change", args=[job.pk])
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            done = verb.run(job.pk, request.user.get_username(), form.cleaned_data["reason"])
            model_admin.message_user(request, f"Job {job.pk}: {done}.", messages.SUCCESS)
        except Refused as error:
            model_admin.message_user(request, str(error), messages.ERROR)
        return HttpResponseRedirect(page)
    context = _context(model_admin, request, verb, form) | {"job": job, "fitting": int(job.status in verb.fits)}
    return TemplateResponse(request, TEMPLATE, context | {"back": page})


def many(model_admin: JobAdmin, request: HttpRequest, jobs: JobQuerySet, verb: Verb) -> HttpResponse | None:
    """Ask back with what would happen, then do it to up to MANY of the selected jobs."""
    form = ReasonForm(request.POST if "confirmed" in request.POST else None)
    jobs = jobs.filter(access.reach(request.user, verb.asks))
    fitting = jobs.filter(status__in=verb.fits)
    if form.is_valid():
        do = _retry_many if verb is RETRY else _cancel_many
        do(model_admin, request, fitting, verb, form.cleaned_data["reason"])
        return None
    counts = dict(jobs.order_by().values_list("status").annotate(Count("pk")))
    context = _context(model_admin, request, verb, form) | {
        "counts": sorted(counts.items(), key=lambda item: item[0] not in verb.fits),
        "fits": verb.fits,
        "fitting": sum(count for status, count in counts.items() if status in verb.fits),
        "many": MANY,
        "preview": again.preview_of(Window(fitting, None)) if verb is RETRY else cancelling.preview_of(fitting),
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "select_across": request.POST.get("select_across", "0"),
        "checkbox": ACTION_CHECKBOX_NAME,
        "back": request.get_full_path(),
    }
    return TemplateResponse(request, TEMPLATE, context)


def _cancel_many(model_admin: JobAdmin, request: HttpRequest, fitting: JobQuerySet, verb: Verb, reason: str) -> None:
    """What the preview showed: a job that was enqueued after it is left alone."""
    by = request.user.get_username()
    until = parse_datetime(request.POST.get("until", "")[:40])
    done = services.cancel_many(fitting, by=by, reason=reason, limit=MANY, until=until, origin="admin")
    words = f"{verb.label}: {done.done:,} done"
    words += f", {done.asked:,} asked to stop" if done.asked else ""
    words += f", {done.left:,} are left: press again" if done.left else ""
    changed = done.done or done.asked
    model_admin.message_user(request, f"{words}.", messages.SUCCESS if changed else messages.WARNING)


def _retry_many(model_admin: JobAdmin, request: HttpRequest, fitting: JobQuerySet, verb: Verb, reason: str) -> None:
    """What the preview showed: a job that ended after it is left alone."""
    by = request.user.get_username()
    until = parse_datetime(request.POST.get("until", "")[:40])
    done = again.retry_all(fitting, by=by, reason=reason, limit=MANY, until=until, origin="admin")
    words = f"{verb.label}: {done.done:,} done"
    words += f", {len(done.busy):,} wait for another of their kind to end" if done.busy else ""
    words += f", {done.left:,} are left: press again" if done.left else ""
    model_admin.message_user(request, f"{words}.", messages.SUCCESS if done.done else messages.WARNING)


def _context(model_admin: JobAdmin, request: HttpRequest, verb: Verb, form: forms.Form) -> dict[str, Any]:
    return {
        **model_admin.admin_site.each_context(request),
        "title": f"{verb.label}?",
        "opts": model_admin.opts,
        "media": model_admin.media,
        "verb": verb,
        "form": form,
    }


@admin.action(description="Cancel …", permissions=["steer"])
def cancel_selected(model_admin: JobAdmin, request: HttpRequest, jobs: JobQuerySet) -> HttpResponse | None:
    return many(model_admin, request, jobs, CANCEL)


@admin.action(description="Run again …", permissions=["steer"])
def retry_selected(model_admin: JobAdmin, request: HttpRequest, jobs: JobQuerySet) -> HttpResponse | None:
    return many(model_admin, request, jobs, RETRY)
