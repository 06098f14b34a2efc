"""`manage.py change ID --now`: give a waiting job another time or priority."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import CommandParser

from jobs import services
from jobs.api.shapes import JobRow, job_row
from jobs.errors import Refused
from jobs.terminal import AnsweringCommand, ago, moment


class Command(AnsweringCommand):
    help = "Give a waiting job another time or priority, or make it due now. What it was before is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("job", help="its id, or your own id for it")
        when = parser.add_mutually_exclusive_group()
        when.add_argument("--now", action="store_true", help="whatever it waits for its time")
        when.add_argument("--delay", type=float, metavar="SECONDS", help="from now")
        when.add_argument("--at", metavar="TIME", help="such as 2026-11-23T08:00")
        parser.add_argument("--priority", type=int, help="0 to 9, 0 runs first")
        parser.add_argument("--reason", default="", help="kept with the job")

    def ask(
        self, *, job: str, now: bool, delay: float | None, at: str | None, priority: int | None, reason: str, **_: Any
    ) -> JobRow:
        found, who = services.find(job), {"by": getpass.getuser(), "reason": reason}
        if not now and delay is None and at is None and priority is None:
            raise Refused("Say what to change: --now, --delay, --at or --priority.", field="job")
        if now and priority is None:
            self._job = services.run_now(found.pk, **who)
        else:
            wish = {"run_at": moment("--at", at), "delay": 0 if now else delay, "priority": priority}
            self._job = services.change(found.pk, **wish, **who)  # type: ignore[arg-type]
        return job_row(self._job)

    def show(self, answer: JobRow) -> None:
        self.stdout.write(f"{answer['job_id']} is due {ago(self._job.run_at)}, priority {answer['priority']}")
