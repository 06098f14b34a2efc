"""What goes wrong, grouped by errors that are alike; each group can be run again in stages."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from jobs import access, failures, owners, query, stages
from jobs.access import Verb
from jobs.admin.page import check_steer, may_steer, of_jobs, shown
from jobs.admin.steering import ReasonForm
from jobs.errors import Refused
from jobs.models import Job, JobQuerySet

AGES = {"1h": "Past hour", "1d": "Past day", "7d": "Past week", "": "All"}


class StageForm(ReasonForm):
    size = forms.IntegerField(label="How many, the oldest first", min_value=1, max_value=stages.SIZES[-1])
    anyway = forms.BooleanField(label="Go on all the same", required=False)


@of_jobs
def failures_page(request: HttpRequest) -> HttpResponse:
    age, text = request.GET.get("age", "1d"), request.GET.get("q", "")
    narrowed = f"{text} age:{age}" if age in AGES and age else text
    found = failures.Groups([], None)
    try:
        found = failures.groups(Job.objects.visible_to(request.user), narrowed, 50)
    except query.BadQuery as error:
        messages.error(request, str(error))
    names = owners.names(group.an_owner for group in found.groups)
    groups = [(group, names[group.an_owner]) for group in found.groups]
    return shown(request, "failures", "Failures", found=found, groups=groups, age=age, ages=AGES, text=text)


@of_jobs
def stage_page(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """One cause: its jobs, those that were run again last, and the next stage."""
    jobs = _of_cause(request, fingerprint)
    steered = jobs.filter(access.reach(request.user, Verb.RETRY))
    stage = stages.last(request.user, fingerprint)
    form = StageForm(request.POST or None, initial={"size": stage.next_size})
    if request.method == "POST":
        check_steer(request)
        if form.is_valid() and _went(request, fingerprint, steered, form):
            return HttpResponseRedirect(reverse("jobs-stage", args=[fingerprint]))
    preview = stages.preview(jobs, fingerprint, owner_id=access.only_own(request.user))
    if not preview.count and not stage.ids:
        raise Http404
    recent = Job.objects.visible_to(request.user).filter(pk__in=stage.ids[:50]).defer("arguments", "workflow")
    return shown(
        request,
        "stage",
        "Run again in stages",
        preview=preview,
        stage=stage,
        recent=recent,
        form=form,
        may_steer=may_steer(request.user),
        fingerprint=fingerprint,
    )


def _went(request: HttpRequest, fingerprint: str, jobs: JobQuerySet, form: StageForm) -> bool:
    wish = form.cleaned_data
    try:
        done = stages.run_next(
            jobs,
            fingerprint,
            wish["size"],
            user=request.user,
            anyway=wish["anyway"],
            reason=wish["reason"],
            origin="admin",
        )
    except Refused as error:  # it stops by itself, until a person says otherwise
        form.add_error("anyway", str(error))
        return False
    busy = f", {len(done.busy):,} wait for another of their kind to end" if done.busy else ""
    messages.success(request, f"{done.done:,} run again{busy}.")
    return True


def _of_cause(request: HttpRequest, fingerprint: str) -> JobQuerySet:
    return Job.objects.visible_to(request.user).filter(fingerprint=fingerprint, status__in=failures.FAILURES)
