"""`manage.py effects [NUMBER]`: what may or may not have happened, and a person's word on it."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import CommandParser

from jobs import services
from jobs.api.effects import effect_row
from jobs.errors import Refused
from jobs.models import Effect
from jobs.terminal import AnsweringCommand, ago, at_least_one

LIMIT = 50
SHOWN = ("task", "job_id", "kind", "key", "provider_id")


class Command(AnsweringCommand):
    help = (
        "List effects in doubt: begun, and nobody knows whether they happened. With a number and your word on it: "
        "its job runs on, and skips what has happened."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("number", nargs="?", type=int, help="of an effect")
        word = parser.add_mutually_exclusive_group()
        word.add_argument("--happened", action="store_true", default=None, dest="happened", help="it did")
        word.add_argument("--did-not-happen", action="store_false", default=None, dest="happened", help="it did not")
        parser.add_argument("--reason", default="", help="how you know; kept with the effect")
        parser.add_argument("--limit", type=at_least_one, default=LIMIT, help=f"how many at most (default {LIMIT})")

    def ask(self, *, number: int | None, happened: bool | None, reason: str, limit: int, **_: Any) -> dict[str, Any]:
        self._job = None
        if (number is None) != (happened is None):
            raise Refused("Give the number of an effect with --happened or --did-not-happen.", field="number")
        if number is not None and happened is not None:
            self._job = services.resolve(number, happened=happened, by=getpass.getuser(), reason=reason)
        self._doubts = list(Effect.objects.in_doubt().select_related("job").order_by("pk")[:limit])
        return {
            "effects": [effect_row(effect) for effect in self._doubts],
            "job_id": str(self._job.pk) if self._job else None,
        }

    def show(self, answer: dict[str, Any]) -> None:
        if self._job:
            self.stdout.write(f"Job {self._job.pk} runs on.")
            return
        self.table(
            ("number", "begun", "task", "job", "kind", "key", "provider's id"),
            (
                (one["effect_id"], ago(effect.created_at), *(one[name] for name in SHOWN))
                for one, effect in zip(answer["effects"], self._doubts, strict=True)
            ),
        )
        if not self._doubts:
            self.stdout.write("Nothing is in doubt.")
