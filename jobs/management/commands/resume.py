"""`manage.py resume email`: let what was paused go on."""

from __future__ import annotations

from jobs import services
from jobs.management.commands import pause
from jobs.models.control import Control


class Command(pause.Command):
    help = "Let paused queues or tasks go on, in their old order. Without one: say what is paused."

    def act(self, **options: str) -> Control:
        return services.resume(**options)
