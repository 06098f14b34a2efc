"""`manage.py kill_switch --stop`: nothing of anybody is sent any more, until it is allowed again."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import CommandParser

from email_automation import services
from email_automation.api.kill_switch import switch_row
from email_automation.models import KillSwitch
from jobs.terminal import AnsweringCommand, printable


class Command(AnsweringCommand):
    help = "Say whether mail may be sent at all; stop the mail of everybody, or allow it again."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        act = parser.add_mutually_exclusive_group()
        act.add_argument("--stop", action="store_const", const=True, dest="stopped", help="send nothing of anybody")
        act.add_argument("--allow", action="store_const", const=False, dest="stopped", help="send again")
        parser.add_argument("--reason", default="", help="shown to whoever wonders why nothing is sent")

    def ask(self, *, stopped: bool | None, reason: str, **_: Any) -> Any:
        if stopped is not None:
            services.set_kill_switch(stopped, by=getpass.getuser(), reason=reason)
        return switch_row(KillSwitch.objects.filter(pk=1).first())

    def show(self, answer: Any) -> None:
        why = f": {answer['reason']}" if answer["reason"] else ""
        self.stdout.write(printable(f"Mail is {'stopped' if answer['stopped'] else 'allowed'}{why}"))
