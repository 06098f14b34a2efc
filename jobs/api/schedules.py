"""Schedules over REST: what is made by the clock; made, changed, removed, paused, resumed, one run now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, ClassVar, Literal, cast

from django.urls import reverse
from pydantic import Field
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import masking, registry, schedule, timetable
from jobs.access import Verb
from jobs.api import access, parsing
from jobs.api.jobs import MAIL
from jobs.api.parsing import BIGGEST_ID, Reasoned, Text
from jobs.api.responses import ok
from jobs.api.schema import REASON, described
from jobs.api.scopes import Scope
from jobs.api.shapes import JobRow, Task, Time, job_row
from jobs.api.view import ApiView
from jobs.models import Schedule
from jobs.timetable import BadSchedule, Wish

Overlap = Literal["skip", "allow", "queue_one"]
Missed = Literal["skip", "once", "all"]
Name = Annotated[Text, Field(min_length=1, max_length=150, pattern=r"^[^/\x00]+$", examples=["nightly"])]
TaskName = Annotated[Text, Field(min_length=1, max_length=150, examples=["send_email"])]
Cron = Annotated[Text, Field(max_length=100, examples=["30 9 * * 1-5"])]
Seconds = Annotated[int, Field(gt=0, le=2**31 - 1)]


class ScheduleChange(Reasoned):
    """What is left out stays as it is; `cron` replaces `every`, and the other way round. With `dry_run`: shown only."""

    name: Name | None = None
    task: TaskName | None = None
    arguments: Annotated[dict[str, Any], Field(examples=[MAIL])] | None = None
    cron: Cron | None = None
    every: Seconds | None = None
    time_zone: Annotated[Text, Field(max_length=64, examples=["Europe/Berlin"])] | None = None
    overlap: Overlap | None = None
    missed: Missed | None = None
    paused: bool | None = None
    user_id: Annotated[int, Field(ge=0, le=BIGGEST_ID)] | None = None
    dry_run: bool = False

    def wish(self) -> Wish:
        """What was said; null says something of `user_id` alone, which is then nobody."""
        said = self.model_dump(exclude_unset=True, exclude={"reason", "dry_run"})
        named = {"owner_id" if name == "user_id" else name: value for name, value in said.items()}
        return cast("Wish", {name: value for name, value in named.items() if value is not None or name == "owner_id"})


class NewSchedule(ScheduleChange):
    """`cron`, in `time_zone`, or `every` so many seconds. With `dry_run` only checked and shown."""

    name: Name
    task: TaskName


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


class RemovedSchedule(TypedDict):
    name: str


class ScheduleList(ApiView):
    """Those of queues on which the user has a role, and their own. They are made by admins of their task's queue."""

    scope: ClassVar[Scope] = Scope.ADMIN

    @described("list_schedules", "Schedules, with their next ticks", ScheduleRows)
    def get(self, request: Request) -> Response:
        rows = [schedule_row(one) for one in access.visible_schedules(request.user)]
        return ok({"schedules": rows}, message="Schedules listed")

    @described("add_schedule", "Add a schedule", ScheduleRow, takes=NewSchedule, status=[200, 201])
    def post(self, request: Request) -> Response:
        new = parsing.body_of(request, NewSchedule)
        access.check(request.user, Verb.SCHEDULE, registry.find(new.task))
        with _named_as_here():
            one = timetable.wished(Schedule(), new.wish())
            if new.dry_run:
                return ok(schedule_row(one), message="Nothing is made yet")
            timetable.save(one, **_who(request, new.reason))
        address = reverse("api-schedule", args=[one.name])
        return ok(schedule_row(one), status=201, message="Schedule added", headers={"Location": address})


class ScheduleDetail(ApiView):
    """One schedule. Changed and removed by admins of its task's queue."""

    scope: ClassVar[Scope] = Scope.ADMIN

    @described("get_schedule", "One schedule", ScheduleRow)
    def get(self, request: Request, name: str) -> Response:
        return ok(schedule_row(_visible(request, name)), message="Schedule retrieved")

    @described("change_schedule", "Change a schedule", ScheduleRow, takes=ScheduleChange)
    def patch(self, request: Request, name: str) -> Response:
        one = _steerable(request, name)
        change = parsing.body_of(request, ScheduleChange)
        if change.task is not None:
            access.check(request.user, Verb.SCHEDULE, registry.find(change.task))
        with _named_as_here():
            timetable.wished(one, change.wish())
            if change.dry_run:
                return ok(schedule_row(one), message="Nothing is changed yet")
            timetable.save(one, **_who(request, change.reason))
        return ok(schedule_row(one), message="Schedule changed")

    @described("remove_schedule", "Remove a schedule; its jobs stay", RemovedSchedule, parameters=[REASON])
    def delete(self, request: Request, name: str) -> Response:
        one = _steerable(request, name)
        timetable.remove(one, **_who(request, parsing.text(request, "reason", 300) or ""))
        return ok({"name": name}, message="Schedule removed")


class SchedulePause(ApiView):
    """Lets its ticks pass. For admins of its task's queue."""

    scope: ClassVar[Scope] = Scope.ADMIN

    @described("pause_schedule", "Pause a schedule", ScheduleRow, takes=Reasoned)
    def post(self, request: Request, name: str) -> Response:
        one = _steerable(request, name)
        who = _who(request, parsing.body_of(request, Reasoned).reason)
        return ok(schedule_row(schedule.pause(one, **who)), message="Schedule paused")


class ScheduleResume(ApiView):
    """Lets it tick again; what passed is not made up for."""

    scope: ClassVar[Scope] = Scope.ADMIN

    @described("resume_schedule", "Resume a schedule", ScheduleRow, takes=Reasoned)
    def post(self, request: Request, name: str) -> Response:
        one = _steerable(request, name)
        who = _who(request, parsing.body_of(request, Reasoned).reason)
        return ok(schedule_row(schedule.resume(one, **who)), message="Schedule resumed")


class ScheduleRunNow(ApiView):
    """Makes its job now, beside its ticks."""

    scope: ClassVar[Scope] = Scope.ADMIN

    @described("run_schedule_now", "Run a schedule's job now", JobRow, takes=Reasoned, status=[202])
    def post(self, request: Request, name: str) -> Response:
        one = _steerable(request, name)
        job = schedule.run_now(one, **_who(request, parsing.body_of(request, Reasoned).reason))
        return ok(
            job_row(job),
            status=202,
            message="Job enqueued",
            headers={"Location": reverse("api-job", args=[job.pk])},
        )


def schedule_row(one: Schedule) -> ScheduleRow:
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
        "next": [tick.timestamp() for tick in timetable.ticks(one)],
    }


def _visible(request: Request, name: str) -> Schedule:
    """One that they do not see is as good as none."""
    one = None if "\x00" in name else access.visible_schedules(request.user).filter(name=name).first()
    if one is None:
        raise NotFound(f"There is no schedule {name[:150]!r}.")
    return one


def _steerable(request: Request, name: str) -> Schedule:
    one = _visible(request, name)
    access.check(request.user, Verb.SCHEDULE, one)
    return one


def _who(request: Request, reason: str) -> dict[str, str]:
    return {"by": request.user.get_username(), "reason": reason, "origin": "REST"}


@contextmanager
def _named_as_here() -> Iterator[None]:
    try:
        yield
    except BadSchedule as error:
        if error.field != "owner_id":
            raise
        raise BadSchedule(str(error), field="user_id") from None
