"""Workers: what each does now, since when, how much memory it holds; and stopping one."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from jobs import remote, slots, workers
from jobs.admin.page import check_steer, of_jobs, shown
from jobs.admin.records import state_of
from jobs.admin.steering import ReasonForm
from jobs.errors import Refused
from jobs.models import Job
from jobs.workers import Working

SHOWN = 10  # jobs of a worker, those that have run longest


class SlotsForm(ReasonForm):
    slots = forms.IntegerField(label="Jobs at once", min_value=1, max_value=slots.MOST)
    field_order = ("slots", "reason")


@dataclass(frozen=True)
class Line:
    working: Working
    colour: str
    state: str
    memory: int | None
    may_steer: bool

    @property
    def shown(self) -> Sequence[Job]:
        return self.working.jobs[:SHOWN]

    @property
    def others(self) -> int:
        return len(self.working.jobs[SHOWN:])


@of_jobs
def workers_page(request: HttpRequest) -> HttpResponse:
    lines = [
        Line(one, *_state_of(one), remote.memory(one.beat), workers.steered_by(request.user, one.beat))
        for one in workers.seen_by(request.user)
    ]
    lines.sort(key=lambda line: line.state == "silent")
    return shown(request, "workers", "Workers", lines=lines)


@of_jobs
def stop_page(request: HttpRequest, boot: uuid.UUID) -> HttpResponse:
    """Ask back (GET), then ask the worker to end (POST)."""
    one = _steerable(request, boot)
    form = ReasonForm(request.POST or None)
    if one is None or (request.method == "POST" and form.is_valid() and _stopped(request, boot, form)):
        return HttpResponseRedirect(reverse("jobs-workers"))
    return shown(request, "stop", f"Stop {one.beat.name}?", one=one, form=form, back=reverse("jobs-workers"))


@of_jobs
def slots_page(request: HttpRequest, boot: uuid.UUID) -> HttpResponse:
    """Ask how many (GET), then tell the worker (POST)."""
    one = _steerable(request, boot)
    form = SlotsForm(request.POST or None, initial={"slots": one.beat.slots if one else None})
    if one is None or (request.method == "POST" and form.is_valid() and _resized(request, boot, form)):
        return HttpResponseRedirect(reverse("jobs-queues"))
    return shown(request, "slots", f"Slots of {one.beat.name}", one=one, form=form, back=reverse("jobs-queues"))


def _steerable(request: HttpRequest, boot: uuid.UUID) -> Working | None:
    """A worker that there is; None, and a message, where there is none, or none any more."""
    check_steer(request)
    one = workers.find(request.user, boot)
    if one is None:
        messages.error(request, "This worker is not there any more.")
    elif not workers.steered_by(request.user, one.beat):
        raise PermissionDenied
    return one


def _stopped(request: HttpRequest, boot: uuid.UUID, form: ReasonForm) -> bool:
    try:
        by = request.user.get_username()
        worker = remote.stop(boot, by=by, reason=form.cleaned_data["reason"], origin="admin")
        messages.success(request, f"Worker {worker.name} was asked to end once its jobs are through.")
    except Refused as error:
        messages.error(request, str(error))
    return True


def _resized(request: HttpRequest, boot: uuid.UUID, form: SlotsForm) -> bool:
    number, by = form.cleaned_data["slots"], request.user.get_username()
    try:
        worker = slots.change(boot, number, by=by, reason=form.cleaned_data["reason"], origin="admin")
        messages.success(request, f"Worker {worker.name} was asked to run {number} at once: it says so within seconds.")
    except Refused as error:
        form.add_error("slots" if error.field == "slots" else None, str(error))
        return False
    return True


def _state_of(one: Working) -> tuple[str, str]:
    return ("failed", "stuck") if one.is_stuck else state_of(one.beat)
