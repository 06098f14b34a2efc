"""Queues: what waits and who works; pausing a queue or a task, and letting it go on."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from jobs import access, overview, registry, services
from jobs.access import Verb
from jobs.admin.page import of_jobs, shown
from jobs.admin.steering import ReasonForm
from jobs.errors import Refused
from jobs.models import Hold, TaskControl
from jobs.queues import QUEUES

ACTS = {"pause": services.pause, "resume": services.resume}


@of_jobs
def queues_page(request: HttpRequest) -> HttpResponse:
    seen = access.queues(request.user, Verb.SEE)
    paused = TaskControl.objects.filter(paused=True, name__in=access.tasks(request.user, Verb.SEE))
    holds = Hold.objects.filter(released_at=None).annotate(held=Count("jobs")).filter(held__gt=0)
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
        holds=holds if access.may(request.user, Verb.SEE) else (),
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
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        who = {"by": request.user.get_username(), "reason": form.cleaned_data["reason"], "origin": "admin"}
        try:
            control = ACTS[act](**{kind: name}, **who)
            messages.success(request, f"{kind.capitalize()} {name} {'is paused' if control.paused else 'goes on'}.")
        except Refused as error:
            messages.error(request, str(error))
        return HttpResponseRedirect(back)
    title = f"{act.capitalize()} {kind} {name}?"
    return shown(request, "control", title, act=act, kind=kind, which=name, form=form, back=back)
