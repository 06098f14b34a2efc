"""`manage.py schedules [NAME]`: what is made by the clock; made, changed, removed, run now, paused, let go on."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import Any, cast

from django.core.management.base import CommandParser

from jobs import schedule, timetable
from jobs.api.schedules import schedule_row
from jobs.errors import Refused
from jobs.models import Job, Schedule
from jobs.terminal import AnsweringCommand, ago, json_object, printable
from jobs.timetable import Wish

FIELDS = ("task", "arguments", "cron", "every", "time_zone", "overlap", "missed", "owner_id", "paused")
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
        act.add_argument(
            "--add", action="store_const", const="add", dest="act", help="make it, as the options below say"
        )
        act.add_argument("--change", action="store_const", const="change", dest="act", help="change what they name")
        act.add_argument(
            "--remove", action="store_const", const="remove", dest="act", help="take it away; its jobs stay"
        )
        act.add_argument("--run-now", action="store_const", const="run_now", dest="act", help="make its job now")
        act.add_argument("--pause", action="store_const", const="pause", dest="act", help="let its ticks pass")
        act.add_argument("--resume", action="store_const", const="resume", dest="act", help="let it tick again")
        parser.add_argument("--reason", default="", help="kept with what is done")
        self._add_fields(parser)

    def ask(self, *, name: str | None, act: str | None, reason: str, dry_run: bool, **options: Any) -> dict[str, Any]:
        self._job, self._removed = None, ""
        if name is None and act:
            raise Refused(f"Name the schedule: manage.py schedules NAME --{act.replace('_', '-')}.", field="name")
        wish = _wish(options)
        if act not in ("add", "change") and (wish or dry_run):
            raise Refused("Say --add or --change with what the schedule is to be.", field="act")
        self._schedules = self._chosen(name, act)
        who = {"by": getpass.getuser(), "reason": reason, "origin": "command"}
        if act in ("add", "change"):
            timetable.wished(self._schedules[0], wish)
            if not dry_run:
                timetable.save(self._schedules[0], **who)
        elif act == "remove":
            timetable.remove(self._schedules.pop(), **who)
            self._removed = name or ""
        elif act:
            done = ACTS[act](self._schedules[0], **who)
            self._job = done if isinstance(done, Job) else None
        return {
            "schedules": [schedule_row(one) for one in self._schedules],
            "job_id": str(self._job.pk) if self._job else None,
        }

    def show(self, answer: dict[str, Any]) -> None:
        if self._job or self._removed:
            self.stdout.write(str(self._job.pk) if self._job else f"{printable(self._removed)} is removed.")
            return
        self.table(
            ("schedule", "task", "when", "state", "next"),
            ((one.name, one.task, _when(one), "paused" if one.paused else "", _next(one)) for one in self._schedules),
        )
        if not self._schedules:
            self.stdout.write("No schedule. Make one: manage.py schedules NAME --add --task TASK --cron '0 3 * * *'")
        elif len(self._schedules) == 1 and not self._schedules[0].paused:
            self.stdout.write("\nthe next five")
            for tick in timetable.ticks(self._schedules[0]):
                self.stdout.write(f"{tick:%Y-%m-%d %H:%M:%S %Z}  {ago(tick)}")

    def _add_fields(self, parser: CommandParser) -> None:
        told = parser.add_argument_group("what it is", "with --add and --change")
        told.add_argument("--task", help="a task's name")
        told.add_argument("--args", dest="arguments", metavar="JSON", help='by name: {"user_id": 1}')
        told.add_argument("--cron", help="minute, hour, day of the month, month, day of the week: 30 9 * * 1-5")
        told.add_argument("--every", type=int, metavar="SECONDS", help="instead of --cron")
        told.add_argument("--time-zone", help="of --cron, such as Europe/Berlin (default UTC)")
        told.add_argument(
            "--overlap", choices=Schedule.Overlap.values, help="while the last one goes on (default skip)"
        )
        told.add_argument("--missed", choices=Schedule.Missed.values, help="while no dispatcher ran (default once)")
        told.add_argument("--owner", dest="owner_id", type=int, help="a user's number: who sees its jobs")
        told.add_argument("--paused", action="store_true", default=None, help="it does not tick yet")
        told.add_argument("--dry-run", action="store_true", help="only check it, and show when it would tick")

    def _chosen(self, name: str | None, act: str | None) -> list[Schedule]:
        if act == "add":
            return [Schedule(name=name or "")]
        return [_named(name)] if name else list(Schedule.objects.all())


def _wish(options: dict[str, Any]) -> Wish:
    said = {field: options[field] for field in FIELDS if options[field] is not None}
    if "arguments" in said:
        said["arguments"] = json_object(said["arguments"])
    return cast("Wish", said)


def _named(name: str) -> Schedule:
    found = Schedule.objects.filter(name=name).first()
    if found is None:
        known = ", ".join(Schedule.objects.values_list("name", flat=True)[:20]) or "none"
        raise Refused(f"There is no schedule {printable(name)!r}. Schedules: {known}.", field="name")
    return found


def _when(one: Schedule) -> str:
    return f"{one.cron} {one.time_zone}" if one.cron else f"every {one.every} s"


def _next(one: Schedule) -> str:
    ticks = timetable.ticks(one, 1)
    return ago(ticks[0]) if ticks else ""
