"""`manage.py copy ID`: run a job's task once more."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import CommandParser

from jobs import services
from jobs.api.shapes import JobRow, job_row
from jobs.terminal import AnsweringCommand


class Command(AnsweringCommand):
    help = "Enqueue a job's task once more with the same arguments, for the same owner, and print the new job's id."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("job", help="its id, or your own id for it")
        parser.add_argument("--reason", default="", help="kept with what is done")

    def ask(self, *, job: str, reason: str, **_: Any) -> JobRow:
        return job_row(services.copy(services.find(job).pk, by=getpass.getuser(), reason=reason))

    def show(self, answer: JobRow) -> None:
        self.stdout.write(answer["job_id"])
