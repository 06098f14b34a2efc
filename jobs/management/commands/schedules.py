"""`manage.py schedules [NAME]`: what is made by the clock; its next ticks; run it now, pause it, let it go on."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandParser

from jobs import schedule
from jobs.api.schedules import schedule_row
from jobs.errors import Refused
from jobs.models import Job, Schedule
from jobs.terminal import AnsweringCommand, ago, printable

ACTS: dict[str, Callable[..., Schedule | Job]] = {
    "run_now": schedule.run_now,
    "pause": schedule.pause,
    "resume": schedule.resume,
}


class Command(AnsweringCommand):
    help = "List the schedules. With a name: its next five ticks, or what is asked of it."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", nargs="?", help="of a schedule")
        act = parser.add_mutually_exclusive_group()
        act.add_argument("--run-now", action="store_const", const="run_now", dest="act", help="make its job now")
        act.add_argument("--pause", action="store_const", const="pause", dest="act", help="let its ticks pass")
        act.add_argument("--resume", action="store_const", const="resume", dest="act", help="let it tick again")
        parser.add_argument("--reason", default="", help="kept with what is done")

    def ask(self, *, name: str | None, act: str | None, reason: str, **_: Any) -> dict[str, Any]:
        self._job = None
        if name is None and act:
            raise Refused(f"Name the schedule: manage.py schedules NAME --{act.replace('_', '-')}.", field="name")
        self._schedules = [_named(name)] if name else list(Schedule.objects.all())
        if act:
            done = ACTS[act](self._schedules[0], by=getpass.getuser(), reason=reason, origin="command")
            self._job = done if isinstance(done, Job) else None
        return {
            "schedules": [schedule_row(one) for one in self._schedules],
            "job_id": str(self._job.pk) if self._job else None,
        }

    def show(self, answer: dict[str, Any]) -> None:
        if self._job:
            self.stdout.write(str(self._job.pk))
            return
        self.table(
            ("schedule", "task", "when", "state", "next"),
            ((one.name, one.task, _when(one), "paused" if one.paused else "", _next(one)) for one in self._schedules),
        )
        if not self._schedules:
            self.stdout.write("No schedule. They are made in the admin.")
        elif len(self._schedules) == 1 and not self._schedules[0].paused:
            self.stdout.write("\nthe next five")
            for tick in schedule.preview(self._schedules[0]):
                self.stdout.write(f"{tick:%Y-%m-%d %H:%M:%S %Z}  {ago(tick)}")


def _named(name: str) -> Schedule:
    found = Schedule.objects.filter(name=name).first()
    if found is None:
        known = ", ".join(Schedule.objects.values_list("name", flat=True)[:20]) or "none"
        raise Refused(f"There is no schedule {printable(name)!r}. Schedules: {known}.", field="name")
    return found


def _when(one: Schedule) -> str:
    return f"{one.cron} {one.time_zone}" if one.cron else f"every {one.every} s"


def _next(one: Schedule) -> str:
    return "" if one.paused else ago(schedule.preview(one, 1)[0])
