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
from jobs.wording import number_of


class Command(BaseCommand):
    help = "Hold back queues or tasks until they are resumed: jobs wait, what runs finishes. Without one: say what is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("queues", nargs="*", metavar="queue", help=f"one of {', '.join(QUEUES)}")
        parser.add_argument("--task", action="append", default=[], help="a task's name; may be given again")
        parser.add_argument("--reason", default="", help="kept, and shown to whoever wonders why jobs wait")
        parser.add_argument("--by", help="who does it (default: the user of this machine)")

    def handle(
        self, *, queues: Sequence[str], task: Sequence[str], reason: str, by: str | None, **options: Any
    ) -> None:
        who = {"by": by or getpass.getuser(), "reason": reason, "origin": "command"}
        try:
            for queue in queues:
                self._say(self.act(queue=queue, **who))
            for name in task:
                self._say(self.act(task=name, **who))
            did_more = self.more(who, **options)
        except Refused as error:
            raise CommandError(str(error), returncode=2) from None
        if not (queues or task or did_more):
            for control in services.paused():
                self._say(control)
            for hold in holding.held():
                self.stdout.write(f"{hold.key} held, {number_of(hold.jobs, 'job')}: {hold.reason}")

    def act(self, **options: str) -> Control:
        return services.pause(**options)

    def more(self, who: dict[str, str], **_: Any) -> bool:
        """What else is asked. Returns whether anything was."""
        return False

    def _say(self, control: Control) -> None:
        kind = "queue" if isinstance(control, QueueControl) else "task"
        why = f" by {control.by}{': ' if control.reason else ''}{control.reason}"
        self.stdout.write(f"{kind} {control.name} {'paused' if control.paused else 'runs'}{why}")
