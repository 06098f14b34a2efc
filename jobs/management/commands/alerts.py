"""`manage.py alerts [KEY]`: what fires, what is silent, what was told; look after one, silence one."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import CommandParser

from jobs.alerts import handling, tasks
from jobs.api.alerts import alert_row, silence_row, told_row
from jobs.errors import Refused
from jobs.terminal import AnsweringCommand, ago


class Command(AnsweringCommand):
    help = "Show what fires, what is silent and what was told. With an alert's key: do something about it."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("key", nargs="?", help="the rule and its queue: dead:email")
        act = parser.add_mutually_exclusive_group()
        act.add_argument("--take", action="store_true", help="say that you look after it")
        act.add_argument("--silence", type=float, metavar="SECONDS", help="tell nobody for so long")
        act.add_argument("--speak", action="store_true", help="end its silence")
        parser.add_argument("--reason", default="", help="kept with what is done")

    def ask(
        self, *, key: str | None, take: bool, silence: float | None, speak: bool, reason: str, **_: Any
    ) -> dict[str, Any]:
        who = {"by": getpass.getuser(), "reason": reason, "origin": "command"}
        if (take or speak or silence is not None) and key is None:
            raise Refused("Name the alert: manage.py alerts dead:email --take.", field="key")
        if take:
            handling.take(key or "", **who)
        if speak:
            handling.speak(key or "", **who)
        if silence is not None:
            handling.silence(key or "", seconds=silence, **who)
        self._firing = [alert for alert in handling.now() if key in (None, alert.key)]
        self._silent = [one for one in handling.silences().values() if key in (None, one.key)]
        self._told = [told for told in handling.told() if key in (None, told.telling.key)]
        return {
            "firing": [alert_row(alert) for alert in self._firing],
            "silent": [silence_row(silence) for silence in self._silent],
            "told": [told_row(told) for told in self._told],
            "ways": tasks.ways(),
        }

    def show(self, answer: dict[str, Any]) -> None:
        self.table(
            ("fires", "since", "last seen", "told", "looked after by", "what"),
            (
                (
                    alert.key,
                    ago(alert.since),
                    ago(alert.seen_at),
                    ago(alert.told_at),
                    f"{alert.taken_by}: {alert.taken_reason}" if alert.taken_by else "",
                    alert.text,
                )
                for alert in self._firing
            ),
        )
        if not self._firing:
            self.stdout.write("Nothing fires.")
        if not answer["ways"]:
            self.stdout.write("Nobody is told: that takes ALERT_WEBHOOK or ALERT_MAIL.")
        if self._silent:
            self.stdout.write("")
        self.table(
            ("silent", "until", "by", "why"),
            ((one.key, ago(one.until), one.by, one.reason) for one in self._silent),
        )
        if self._told:
            self.stdout.write("")
        self.table(
            ("told", "state", "what", "delivered"),
            (
                (
                    ago(one.telling.at),
                    one.telling.state,
                    one.telling.text,
                    ", ".join(f"{job.task} {job.status}" for job in one.jobs),
                )
                for one in self._told
            ),
        )
