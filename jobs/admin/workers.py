"""Workers: what each does now, since when, how much memory it holds; and stopping one."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from jobs import access, remote, workers
from jobs.access import Verb
from jobs.admin.page import check_steer, may_steer, of_jobs, shown
from jobs.admin.records import state_of
from jobs.admin.steering import ReasonForm
from jobs.errors import Refused
from jobs.models import Job
from jobs.workers import Working

SHOWN = 10  # jobs of a worker, those that have run longest


@dataclass(frozen=True)
class Line:
    working: Working
    colour: str
    state: str
    memory: int | None

    @property
    def shown(self) -> Sequence[Job]:
        return self.working.jobs[:SHOWN]

    @property
    def others(self) -> int:
        return len(self.working.jobs[SHOWN:])


@of_jobs
def workers_page(request: HttpRequest) -> HttpResponse:
    seen = set(access.queues(request.user, Verb.SEE))
    served = [one for one in workers.working() if seen.intersection(one.beat.queues) or not one.beat.queues]
    lines = [Line(one, *_state_of(one), remote.memory(one.beat)) for one in served]
    lines.sort(key=lambda line: line.state == "silent")
    return shown(request, "workers", "Workers", lines=lines, may_steer=may_steer(request.user))


@of_jobs
def stop_page(request: HttpRequest, boot: uuid.UUID) -> HttpResponse:
    """Ask back (GET), then ask the worker to end (POST)."""
    check_steer(request)
    back = reverse("jobs-workers")
    one = next((one for one in workers.working() if one.beat.boot == boot), None)
    if one is None:
        messages.error(request, "This worker is not there any more.")
        return HttpResponseRedirect(back)
    for queue in one.beat.queues or [None]:  # it works for all of them
        access.check(request.user, Verb.STOP, queue)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            by = request.user.get_username()
            worker = remote.stop(boot, by=by, reason=form.cleaned_data["reason"], origin="admin")
            messages.success(request, f"Worker {worker.name} was asked to end once its jobs are through.")
        except Refused as error:
            messages.error(request, str(error))
        return HttpResponseRedirect(back)
    return shown(request, "stop", f"Stop {one.beat.name}?", one=one, form=form, back=back)


def _state_of(one: Working) -> tuple[str, str]:
    return ("failed", "stuck") if one.is_stuck else state_of(one.beat)
