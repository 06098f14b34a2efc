"""`manage.py dispatcher`: ring what is due and do the platform's chores, until stopped."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from jobs.dispatch import Dispatcher


class Command(BaseCommand):
    help = (
        "Ring due jobs, retries and lost messages, and do the chores. Any number may run: one works, the rest stand by."
    )

    def handle(self, **_: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        Dispatcher().run(stop)
