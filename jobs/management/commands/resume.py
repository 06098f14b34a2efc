"""`manage.py resume email`: let what was paused or held go on."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from jobs import services
from jobs.management.commands import pause
from jobs.models.control import Control


class Command(pause.Command):
    help = "Let paused queues or tasks, or what is held, go on in their old order. Without one: say what is."

    def add_more(self, parser: CommandParser) -> None:
        parser.add_argument("--hold", action="append", default=[], help="what is held, by its key: mailbox:7")

    def act(self, who: dict[str, str], options: dict[str, Any], **subject: str) -> Control:
        return services.resume(**subject, **who)

    def more(self, who: dict[str, str], **options: Any) -> list[str]:
        keys: list[str] = options["hold"]
        for key in keys:
            services.release_by_hand(key, **who)
        return keys
