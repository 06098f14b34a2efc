"""`manage.py dispatcher`: ring what is due and do the platform's chores, until stopped."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs import checks, health
from jobs.dispatch import Dispatcher


class Command(BaseCommand):
    requires_system_checks = checks.OF_COMMANDS
    help = (
        "Ring due jobs, retries and lost messages, and do the chores. Any number may run: one works, the rest stand by."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        either = parser.add_mutually_exclusive_group()
        either.add_argument("--once", action="store_true", help="do every chore once, ring what is due, and exit")
        either.add_argument(
            "--check", action="store_true", help="only say whether one works: exits with 0 if so, else with 1"
        )

    def handle(self, *, once: bool, check: bool, **_: Any) -> None:
        if check:
            self._check()
        elif once:
            worked = Dispatcher().run_once()
            self.stderr.write("one round done" if worked else "another dispatcher works")
        else:
            self._run()

    def _check(self) -> None:
        works = health.has_dispatcher()
        self.stdout.write("a dispatcher works" if works else "no dispatcher works")
        if not works:
            sys.exit(1)

    def _run(self) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        Dispatcher().run(stop)
