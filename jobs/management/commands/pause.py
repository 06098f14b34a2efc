"""`manage.py pause email --reason "..."`: hold back queues and tasks; `manage.py resume` lets them go on."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction

from jobs import holding, services
from jobs.api.controls import control_row
from jobs.api.holds import hold_row
from jobs.models import QueueControl
from jobs.models.control import Control
from jobs.queues import QUEUES
from jobs.terminal import AnsweringCommand, ago, printable
from jobs.wording import number_of


class Command(AnsweringCommand):
    help = "Hold back queues or tasks: their jobs wait, what runs finishes. Without one: say what is held back."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("queues", nargs="*", metavar="queue", help=f"one of {', '.join(QUEUES)}")
        parser.add_argument("--task", action="append", default=[], help="a task's name; may be given again")
        parser.add_argument("--reason", default="", help="kept, and shown to whoever wonders why jobs wait")
        parser.add_argument("--by", help="who does it (default: the user of this machine)")
        self.add_more(parser)

    def add_more(self, parser: CommandParser) -> None:
        parser.add_argument("--seconds", type=float, help="go on by itself after so long")

    def ask(
        self, *, queues: Sequence[str], task: Sequence[str], reason: str, by: str | None, **options: Any
    ) -> dict[str, Any]:
        who = {"by": by or getpass.getuser(), "reason": reason}
        with transaction.atomic():  # one that is not known leaves the others as they are
            self._told = [self.act(who, options, queue=queue) for queue in queues]
            self._told += [self.act(who, options, task=name) for name in task]
            released = self.more(who, **options)
        self._held = []
        if not (self._told or released):
            self._told, self._held = [*services.paused()], [*holding.held()]
        controls = [control_row(control) for control in self._told]
        return {"controls": controls, "holds": [hold_row(one) for one in self._held], "released": released}

    def act(self, who: dict[str, str], options: dict[str, Any], **subject: str) -> Control:
        return services.pause(**subject, **who, seconds=options["seconds"])

    def more(self, who: dict[str, str], **options: Any) -> list[str]:
        """What else is asked. Returns the keys of what is released."""
        return []

    def show(self, answer: dict[str, Any]) -> None:
        for control in self._told:
            self._say(control)
        for hold in self._held:
            self.stdout.write(printable(f"{hold.key} held, {number_of(hold.jobs, 'job')}: {hold.reason}"))
        for key in answer["released"]:
            self.stdout.write(f"{printable(key)} is released: its jobs go on")
        if not (self._told or self._held or answer["released"]):
            self.stdout.write("Nothing is paused or held.")

    def _say(self, control: Control) -> None:
        kind = "queue" if isinstance(control, QueueControl) else "task"
        why = f" by {control.by}{': ' if control.reason else ''}{control.reason}"
        until = f"; goes on {ago(control.resume_at)}" if control.resume_at else ""
        self.stdout.write(printable(f"{kind} {control.name} {'paused' if control.paused else 'runs'}{why}{until}"))
