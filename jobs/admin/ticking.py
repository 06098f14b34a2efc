"""A schedule's job now, beside its ticks; holding its ticks back, and letting it tick again."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from jobs import schedule
from jobs.admin.page import shown
from jobs.admin.steering import ReasonForm
from jobs.errors import Refused
from jobs.models import Job, Schedule


@dataclass(frozen=True)
class Act:
    """`told`: what it means, said before it is done."""

    label: str
    told: str


ACTS = {
    "run-now": Act("Run now", "Its job is enqueued at once. The ticks stay as they are, also of one that is paused."),
    "pause": Act("Pause", "Its ticks pass, and are not made up for. What was enqueued runs."),
    "resume": Act("Resume", "It ticks again from now on. What passed meanwhile is not made up for."),
}


def act(request: HttpRequest, one: Schedule, name: str) -> HttpResponse:
    """Ask why (GET), then do it (POST)."""
    page = reverse("admin:jobs_schedule_change", args=[one.pk])
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = _done(request, one, name, form.cleaned_data["reason"])
        except Refused as error:
            messages.error(request, str(error))
            made = None
        return HttpResponseRedirect(reverse("admin:jobs_job_change", args=[made.pk]) if made else page)
    title = f"{ACTS[name].label}: {one.name}?"
    return shown(request, "schedule", title, schedule=one, act=ACTS[name], form=form, back=page)


def _done(request: HttpRequest, one: Schedule, name: str, reason: str) -> Job | None:
    """Returns the job, if one is made."""
    by = request.user.get_username()
    if name == "run-now":
        job = schedule.run_now(one, by=by, reason=reason, origin="admin")
        messages.success(request, f"Job {job.pk} is enqueued.")
        return job
    do = schedule.pause if name == "pause" else schedule.resume
    paused = do(one, by=by, reason=reason, origin="admin").paused
    messages.success(request, f"Schedule {one.name} {'is paused' if paused else 'ticks again'}.")
    return None
