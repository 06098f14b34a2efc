"""`manage.py watch ID ...`: follow jobs until they have ended."""

from __future__ import annotations

import sys
import threading
import time
import uuid
from typing import Any

from django.core.management.base import CommandParser
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from jobs import services
from jobs.api.shapes import job_status
from jobs.models import FINAL, Job, JobStatus
from jobs.terminal import AnsweringCommand, note, printable

LOOK_EVERY = 0.5  # seconds
_pause = threading.Event().wait
ENDED = (*FINAL, JobStatus.IN_DOUBT)  # the last one waits for a person


class Command(AnsweringCommand):
    help = "Follow jobs until they have ended. Exits with 0 if all completed, 1 if one did not, 3 if the time ran out."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("jobs", nargs="+", metavar="job", help="an id, or your own id for a job")
        parser.add_argument("--timeout", type=float, default=3600, help="seconds (default 3600)")

    def ask(self, *, jobs: list[str], timeout: float, **_: Any) -> dict[str, Any]:
        ids = [services.find(job).pk for job in jobs]
        self._ended = follow(ids, timeout)
        return {"jobs": [job_status(job) for job in self._ended]}

    def show(self, answer: dict[str, Any]) -> None:
        for job in self._ended:
            self.stdout.write(printable(f"{job.pk} {job.status} {note(job)}".strip()))

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if any(job.status not in ENDED for job in self._ended):
            sys.exit(3)
        if any(job.status != JobStatus.COMPLETED for job in self._ended):
            sys.exit(1)


def follow(ids: list[uuid.UUID], timeout: float) -> list[Job]:
    """Show how far jobs are until all have ended or the time is up; returns them as they are then."""
    deadline = time.monotonic() + timeout
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as shown:
        bars = {job_id: shown.add_task(str(job_id)[-12:], total=None, note="") for job_id in ids}
        while True:
            jobs = Job.objects.in_bulk(ids)
            for job in jobs.values():
                shown.update(
                    bars[job.pk],
                    description=job.task,
                    total=100 if job.percent is not None else None,
                    completed=job.percent or 0,
                    note=printable(f"{job.status} {job.progress_message}"),
                )
            if all(job.status in ENDED for job in jobs.values()) or time.monotonic() >= deadline:
                return [jobs[job_id] for job_id in ids if job_id in jobs]
            _pause(LOOK_EVERY)
