"""Schedules over REST: what is made by the clock; pausing, resuming, running one now."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.urls import reverse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import clock, masking, schedule
from jobs.access import Verb
from jobs.api import access, parsing
from jobs.api.parsing import Reasoned
from jobs.api.responses import ok
from jobs.api.schema import described
from jobs.api.scopes import Scope
from jobs.api.shapes import JobRow, Task, Time, job_row
from jobs.api.view import ApiView
from jobs.models import Schedule

TICKS = 5


class ScheduleRow(TypedDict):
    """`cron`, in `time_zone`, or `every` so many seconds. `next`: its next ticks, none while it is paused."""

    name: str
    task: Task
    arguments: dict[str, Any]
    cron: str | None
    every: int | None
    time_zone: str
    overlap: Schedule.Overlap
    missed: Schedule.Missed
    paused: bool
    user_id: int | None
    next: list[Time]


class ScheduleRows(TypedDict):
    schedules: list[ScheduleRow]


class ScheduleList(ApiView):
    """Those of queues on which the user has a role, and their own."""

    @described("list_schedules", "Schedules, with their next ticks", ScheduleRows)
    def get(self, request: Request) -> Response:
        now = clock.now()
        rows = [schedule_row(one, now) for one in access.visible_schedules(request.user)]
        return ok({"schedules": rows}, message="Schedules listed")


class SchedulePause(ApiView):
    """Lets its ticks pass. For admins of its task's queue."""

    scope: ClassVar[Scope] = Scope.ADMIN

    @described("pause_schedule", "Pause a schedule", ScheduleRow, takes=Reasoned)
    def post(self, request: Request, name: str) -> Response:
        one, who = _steered(request, name)
        return ok(schedule_row(schedule.pause(one, **who)), message="Schedule paused")


class ScheduleResume(ApiView):
    """Lets it tick again; what passed is not made up for."""

    scope: ClassVar[Scope] = Scope.ADMIN

    @described("resume_schedule", "Resume a schedule", ScheduleRow, takes=Reasoned)
    def post(self, request: Request, name: str) -> Response:
        one, who = _steered(request, name)
        return ok(schedule_row(schedule.resume(one, **who)), message="Schedule resumed")


class ScheduleRunNow(ApiView):
    """Makes its job now, beside its ticks."""

    scope: ClassVar[Scope] = Scope.ADMIN

    @described("run_schedule_now", "Run a schedule's job now", JobRow, takes=Reasoned, status=[202])
    def post(self, request: Request, name: str) -> Response:
        one, who = _steered(request, name)
        job = schedule.run_now(one, **who)
        return ok(
            job_row(job),
            status=202,
            message="Job enqueued",
            headers={"Location": reverse("api-job", args=[job.pk])},
        )


def _steered(request: Request, name: str) -> tuple[Schedule, dict[str, str]]:
    """A schedule that the user sees and may change; one that they do not see is as good as none."""
    one = None if "\x00" in name else access.visible_schedules(request.user).filter(name=name).first()
    if one is None:
        raise NotFound(f"There is no schedule {name[:150]!r}.")
    access.check(request.user, Verb.SCHEDULE, one)
    reason = parsing.body_of(request, Reasoned).reason
    return one, {"by": request.user.get_username(), "reason": reason, "origin": "REST"}


def schedule_row(one: Schedule, now: datetime | None = None) -> ScheduleRow:
    ticks = [] if one.paused else schedule.preview(one, TICKS, now)
    return {
        "name": one.name,
        "task": one.task,
        "arguments": masking.masked(one.arguments, masking.declared(one.task)),
        "cron": one.cron or None,
        "every": one.every,
        "time_zone": one.time_zone,
        "overlap": Schedule.Overlap(one.overlap),
        "missed": Schedule.Missed(one.missed),
        "paused": one.paused,
        "user_id": one.owner_id,
        "next": [tick.timestamp() for tick in ticks],
    }
