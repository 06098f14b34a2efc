"""`manage.py worker` without task events: what Celery's own default is, for a comparison of like with like."""

import sys
from typing import NoReturn

import django

django.setup()

from django.core.management import execute_from_command_line  # noqa: E402

from fikiri.celery import app  # noqa: E402

start = app.worker_main


def start_quietly(argv: list[str] | None = None) -> NoReturn:
    app.conf.worker_send_task_events = False
    start([word for word in argv or () if word != "--task-events"])


app.worker_main = start_quietly  # type: ignore[method-assign]
execute_from_command_line(["manage.py", "worker", *sys.argv[1:]])
