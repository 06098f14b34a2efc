"""Queues: what waits and who works; pausing a queue or a task, and letting it go on."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from jobs import access, holding, overview, registry, services, workers
from jobs.access import Verb
from jobs.admin.page import of_jobs, shown
from jobs.admin.steering import ReasonForm
from jobs.errors import Refused
from jobs.models import TaskControl
from jobs.queues import QUEUES

ACTS = {"pause": services.pause, "resume": services.resume}
WHILES = {
    "": "until somebody resumes it",
    "900": "for a quarter of an hour",
    "3600": "for an hour",
    "14400": "for four hours",
    "86400": "for a day",
}


class PauseForm(ReasonForm):
    seconds = forms.ChoiceField(label="How long", choices=list(WHILES.items()), required=False)


@of_jobs
def queues_page(request: HttpRequest) -> HttpResponse:
    seen = access.queues(request.user, Verb.SEE)
    paused = TaskControl.objects.filter(paused=True, name__in=access.tasks(request.user, Verb.SEE))
    steered = access.tasks(request.user, Verb.PAUSE)
    return shown(
        request,
        "queues",
        "Queues",
        lines=overview.lines(names=seen),
        steered=access.queues(request.user, Verb.PAUSE),
        tasks=paused,
        steered_tasks=steered,
        others=[name for name in steered if name not in {control.name for control in paused}],
        holds=holding.held() if access.may(request.user, Verb.SEE) else (),
        may_release=access.may(request.user, Verb.RESUME),
        working=[
            (one, workers.steered_by(request.user, one.beat))
            for one in workers.seen_by(request.user)
            if one.is_resizable
        ],
    )


@of_jobs
def control_page(request: HttpRequest, act: str, kind: str, name: str = "") -> HttpResponse:
    """Ask why (GET), then hold back or let go on (POST)."""
    name = name or request.GET.get("name", "")
    subject = name if kind == "queue" else registry.find(name)
    known = name in QUEUES if kind == "queue" else subject is not None
    if act not in ACTS or kind not in ("queue", "task") or not known:
        raise Http404
    access.check(request.user, Verb.PAUSE, subject)
    back = reverse("jobs-queues")
    form = (PauseForm if act == "pause" else ReasonForm)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        how = {"by": request.user.get_username(), "reason": form.cleaned_data["reason"], "origin": "admin"}
        if seconds := form.cleaned_data.get("seconds"):
            how["seconds"] = float(seconds)
        try:
            control = ACTS[act](**{kind: name}, **how)
            messages.success(request, f"{kind.capitalize()} {name} {'is paused' if control.paused else 'goes on'}.")
        except Refused as error:
            messages.error(request, str(error))
        return HttpResponseRedirect(back)
    title = f"{act.capitalize()} {kind} {name}?"
    return shown(request, "control", title, act=act, kind=kind, which=name, form=form, back=back)


@of_jobs
def release_page(request: HttpRequest, key: str) -> HttpResponse:
    """Ask why (GET), then let go on what is held (POST)."""
    access.check(request.user, Verb.RESUME)
    found = holding.held(key)
    if not found:
        raise Http404
    back = reverse("jobs-queues")
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        by, reason = request.user.get_username(), form.cleaned_data["reason"]
        try:
            services.release_by_hand(key, by=by, reason=reason, origin="admin")
            messages.success(request, f"Released {key}: its jobs go on.")
        except Refused as error:
            messages.error(request, str(error))
        return HttpResponseRedirect(back)
    return shown(request, "release", f"Release {key}?", hold=found[0], form=form, back=back)
