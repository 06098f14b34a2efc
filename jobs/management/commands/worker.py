"""`manage.py worker [email|ai|crm ...]`: run jobs of these queues, of all without a name."""

from __future__ import annotations

import signal
import sys
import threading
import time
from typing import Any

import celery
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs import direct, worker
from jobs.config import config
from jobs.queues import QUEUES


class Command(BaseCommand):
    help = (
        "Run jobs of the named queues (all without a name). On SIGTERM it takes no more, lets what runs finish for a "
        "while, and hands back the rest."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("queues", nargs="*", metavar="queue", help=f"one of {', '.join(QUEUES)}")
        parser.add_argument("--concurrency", "-c", type=int, default=2, help="processes (default 2)")
        parser.add_argument("--pool", "-P", choices=["prefork", "threads", "solo"], default="prefork")
        parser.add_argument("--name", "-n", help="the worker's name (default: its queues)")
        parser.add_argument(
            "--without-task-events", action="store_true", help="send no events: a little faster, and unseen by Flower"
        )
        parser.add_argument(
            "--until-empty",
            action="store_true",
            help="run what is due straight from the ledger, without the broker, in this process, and exit",
        )
        parser.add_argument(
            "--max-seconds", type=float, help="with --until-empty: start nothing that may not end within this time"
        )
        parser.add_argument(
            "--check",
            action="store_true",
            help="only say whether a worker of these queues lives on this machine: exits with 0 if so, else with 1",
        )

    def handle(self, *, queues: list[str], **options: Any) -> None:
        for queue in queues:
            if queue not in QUEUES:
                raise CommandError(f"Unknown queue {queue!r}. Queues: {', '.join(QUEUES)}.", returncode=2)
        if options["concurrency"] < 1:
            raise CommandError("--concurrency is to be 1 or more.", returncode=2)
        if options["max_seconds"] is not None and not (options["until_empty"] and options["max_seconds"] > 0):
            raise CommandError("--max-seconds is a time above 0, and goes with --until-empty.", returncode=2)
        if options["check"]:
            self._check(queues or list(QUEUES))
        elif options["until_empty"]:
            self._run_until_empty(queues or list(QUEUES), options["max_seconds"])
        else:
            self._run_worker(queues, options)

    def _check(self, queues: list[str]) -> None:
        missing = set(queues) - worker.served_here()
        self.stdout.write(f"no worker here for {', '.join(sorted(missing))}" if missing else "ok")
        if missing:
            sys.exit(1)

    def _run_until_empty(self, queues: list[str], seconds: float | None) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        deadline = None if seconds is None else time.monotonic() + seconds
        with worker.beating("until-empty"):
            ran = direct.run_due(queues, stop=stop, deadline=deadline)
        self.stderr.write(f"{ran} jobs run")

    def _run_worker(self, queues: list[str], options: dict[str, Any]) -> None:
        app = celery.current_app
        app.conf.worker_soft_shutdown_timeout = config().STOP_GRACE
        app.conf.worker_enable_soft_shutdown_on_idle = False
        app.conf.worker_send_task_events = not options["without_task_events"]
        name = options["name"] or "-".join(queues) or "all"
        app.worker_main(
            [
                *(["--quiet"] if settings.LOGGING.get("format") == "json" else []),  # its greeting is none
                "worker",
                f"--queues={','.join(queues or QUEUES)}",
                f"--concurrency={options['concurrency']}",
                f"--pool={options['pool']}",
                f"--hostname={name}@%h",
                "--without-gossip",
                "--without-mingle",
            ]
        )
        sys.exit(0)
