"""`manage.py top`: the platform at a glance, alive in the terminal."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser
from rich.console import Console
from rich.live import Live

from jobs import dashboard, keyboard, throughput
from jobs.api.shapes import epoch
from jobs.api.workers import worker_row
from jobs.dashboard import Eye, Picture
from jobs.errors import Refused
from jobs.management.commands.stats import numbers_of
from jobs.terminal import AnsweringCommand

EVERY = 2.0  # seconds between looks


class Command(AnsweringCommand):
    help = "Show queues, workers and what each runs, rates and failures, live. q or Ctrl-C ends it."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--once", action="store_true", help="one look and no more, as into a pipe")
        parser.add_argument("--period", choices=throughput.PERIODS, default="hour", help="how far back (default hour)")
        parser.add_argument("--every", type=float, default=EVERY, help=f"seconds between looks (default {EVERY:g})")

    def ask(self, *, once: bool, period: str, every: float, **_: Any) -> dict[str, Any]:
        if every <= 0:
            raise Refused("--every is a time above 0.", field="every")
        self._once, self._period, self._every = once, period, every
        self._eye = Eye()
        self._picture = self._eye.look(period)
        return _as_json(self._picture)

    def show(self, answer: dict[str, Any]) -> None:
        if self._once or not (self.stdout.isatty() and sys.stdin.isatty()):
            self.render(dashboard.drawn(self._picture, live=False))
            return
        try:
            self._live()
        except KeyboardInterrupt:
            return  # the usual way to end it

    def _live(self) -> None:
        periods, held = list(throughput.PERIODS), False
        picture, due = self._picture, time.monotonic() + self._every
        with keyboard.keys() as next_key, Live(console=Console(), screen=True, auto_refresh=False) as screen:
            while True:
                screen.update(dashboard.drawn(picture, held=held), refresh=True)
                key = next_key(self._every if held else due - time.monotonic())
                if key in ("q", "Q"):
                    return
                if key in ("left", "right"):
                    step = 1 if key == "right" else -1
                    self._period = periods[(periods.index(self._period) + step) % len(periods)]
                if key in ("p", " "):
                    held = not held
                if key in ("left", "right") or (not held and time.monotonic() >= due):
                    picture, due = self._eye.look(self._period), time.monotonic() + self._every


def _as_json(picture: Picture) -> dict[str, Any]:
    seen = picture.overview
    return {
        "period": seen.period,
        "queues": {line.name: numbers_of(line) for line in seen.queues},
        "trouble": seen.trouble,
        "parts": [asdict(part) for part in seen.parts],
        "workers": [worker_row(worker) for worker in picture.workers],
        "failures": [
            asdict(group) | {"first": epoch(group.first), "last": epoch(group.last)} for group in picture.failing
        ],
        "findings": [asdict(finding) for finding in seen.findings],
    }
