"""`manage.py pause email --reason "..."`: hold back queues and tasks; `manage.py resume` lets them go on."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs import holding, services
from jobs.errors import Refused
from jobs.models import QueueControl
from jobs.models.control import Control
from jobs.queues import QUEUES
from jobs.terminal import ago
from jobs.wording import number_of


class Command(BaseCommand):
    help = "Hold back queues or tasks: their jobs wait, what runs finishes. Without one: say what is held back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("queues", nargs="*", metavar="queue", help=f"one of {', '.join(QUEUES)}")
        parser.add_argument("--task", action="append", default=[], help="a task's name; may be given again")
        parser.add_argument("--reason", default="", help="kept, and shown to whoever wonders why jobs wait")
        parser.add_argument("--by", help="who does it (default: the user of this machine)")
        self.add_more(parser)

    def add_more(self, parser: CommandParser) -> None:
        parser.add_argument("--seconds", type=float, help="go on by itself after so long")

    def handle(
        self, *, queues: Sequence[str], task: Sequence[str], reason: str, by: str | None, **options: Any
    ) -> None:
        who = {"by": by or getpass.getuser(), "reason": reason, "origin": "command"}
        try:
            for queue in queues:
                self._say(self.act(who, options, queue=queue))
            for name in task:
                self._say(self.act(who, options, task=name))
            did_more = self.more(who, **options)
        except Refused as error:
            raise CommandError(str(error), returncode=2) from None
        if not (queues or task or did_more):
            for control in services.paused():
                self._say(control)
            for hold in holding.held():
                self.stdout.write(f"{hold.key} held, {number_of(hold.jobs, 'job')}: {hold.reason}")

    def act(self, who: dict[str, str], options: dict[str, Any], **subject: str) -> Control:
        return services.pause(**subject, **who, seconds=options["seconds"])

    def more(self, who: dict[str, str], **_: Any) -> bool:
        """What else is asked. Returns whether anything was."""
        return False

    def _say(self, control: Control) -> None:
        kind = "queue" if isinstance(control, QueueControl) else "task"
        why = f" by {control.by}{': ' if control.reason else ''}{control.reason}"
        until = f"; goes on {ago(control.resume_at)}" if control.resume_at else ""
        self.stdout.write(f"{kind} {control.name} {'paused' if control.paused else 'runs'}{why}{until}")
