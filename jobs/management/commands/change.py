"""`manage.py change ID --now`: give a waiting job another time or priority, or other arguments."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction

from jobs import services
from jobs.api.shapes import JobRow, job_row
from jobs.errors import Refused
from jobs.terminal import AnsweringCommand, ago, json_object, moment


class Command(AnsweringCommand):
    help = "Give a waiting job another time, priority or arguments, or make it due now. What it was before is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("job", help="its id, or your own id for it")
        when = parser.add_mutually_exclusive_group()
        when.add_argument("--now", action="store_true", help="whatever it waits for its time")
        when.add_argument("--delay", type=float, metavar="SECONDS", help="from now")
        when.add_argument("--at", metavar="TIME", help="such as 2026-11-23T08:00")
        parser.add_argument("--priority", type=int, help="0 to 9, 0 runs first")
        parser.add_argument("--args", dest="given", metavar="JSON", help="all of its arguments, as one JSON object")
        parser.add_argument("--reason", default="", help="kept with the job")

    @transaction.atomic
    def ask(
        self,
        *,
        job: str,
        now: bool,
        delay: float | None,
        at: str | None,
        priority: int | None,
        given: str | None,
        reason: str,
        **_: Any,
    ) -> JobRow:
        self._job, who = services.find(job), {"by": getpass.getuser(), "reason": reason}
        has_turn = now or delay is not None or at is not None or priority is not None
        if given is None and not has_turn:
            raise Refused("Say what to change: --now, --delay, --at, --priority or --args.", field="job")
        if given is not None:
            self._job = services.change_arguments(self._job.pk, json_object(given), **who)
        if now and priority is None:
            self._job = services.run_now(self._job.pk, **who)
        elif has_turn:
            wish = {"run_at": moment("--at", at), "delay": 0 if now else delay, "priority": priority}
            self._job = services.change(self._job.pk, **wish, **who)  # type: ignore[arg-type]
        return job_row(self._job)

    def show(self, answer: JobRow) -> None:
        self.stdout.write(f"{answer['job_id']} is due {ago(self._job.run_at)}, priority {answer['priority']}")
