"""`manage.py quarantine [NUMBER]`: messages that were not understood; seen, and thrown away."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import CommandParser

from jobs import quarantine
from jobs.api.quarantine import quarantine_row
from jobs.errors import Refused
from jobs.models import Quarantine
from jobs.terminal import AnsweringCommand, ago, at_least_one, printable

LIMIT = 50


class Command(AnsweringCommand):
    help = "List messages that were not understood, the newest first. With a number: its first bytes, or throw it away."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("number", nargs="?", type=int, help="of a message")
        parser.add_argument("--delete", action="store_true", help="throw it away for good; what it was is recorded")
        parser.add_argument("--reason", default="", help="kept with what is done")
        parser.add_argument("--limit", type=at_least_one, default=LIMIT, help=f"how many at most (default {LIMIT})")

    def ask(self, *, number: int | None, delete: bool, reason: str, limit: int, **_: Any) -> dict[str, Any]:
        if delete and number is None:
            raise Refused("Give the number of a message: manage.py quarantine NUMBER --delete.", field="number")
        messages = Quarantine.objects.order_by("-pk")
        if number is not None:
            messages = messages.filter(pk=number)
        self._one = number is not None
        self._messages = list(messages[:limit])
        if self._one and not self._messages:
            raise Refused(f"There is no message {number} in quarantine.", field="number")
        self._deleted = delete and quarantine.delete(messages, by=getpass.getuser(), reason=reason)
        return {"messages": [quarantine_row(message) for message in self._messages], "deleted": int(self._deleted)}

    def show(self, answer: dict[str, Any]) -> None:
        self.table(
            ("number", "age", "queue", "bytes", "worker", "reason"),
            ((one.pk, ago(one.at), one.queue, one.size, one.worker, one.reason) for one in self._messages),
        )
        if self._deleted:
            self.stdout.write("It is gone.")
        elif self._one:
            self.stdout.write(f"\nits first bytes\n{printable(self._messages[0].head)}")
        elif not self._messages:
            self.stdout.write("Everything was understood.")
