"""`manage.py worker [email|ai|crm ...]`: run jobs of these queues, of all without a name."""

from __future__ import annotations

import os
import sys
from typing import Any

import celery
from django.core.management.base import BaseCommand, CommandError, CommandParser

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

    def handle(self, *, queues: list[str], **options: Any) -> None:
        for queue in queues:
            if queue not in QUEUES:
                raise CommandError(f"Unknown queue {queue!r}. Queues: {', '.join(QUEUES)}.", returncode=2)
        if options["concurrency"] < 1:
            raise CommandError("--concurrency is to be 1 or more.", returncode=2)
        # SIGTERM ends like SIGQUIT: a bounded time for what runs, then the rest is handed back.
        os.environ["REMAP_SIGTERM"] = "SIGQUIT"
        app = celery.current_app
        app.conf.worker_soft_shutdown_timeout = config().STOP_GRACE
        app.conf.worker_enable_soft_shutdown_on_idle = False
        name = options["name"] or "-".join(queues) or "all"
        app.worker_main(
            [
                "worker",
                f"--queues={','.join(queues or QUEUES)}",
                f"--concurrency={options['concurrency']}",
                f"--pool={options['pool']}",
                f"--hostname={name}@%h",
                "--without-gossip",
                "--without-mingle",
                "--task-events",
            ]
        )
        sys.exit(0)
