"""`manage.py jobs status:dead age:<1d`: find jobs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from jobs import owners, query
from jobs.api.shapes import job_row
from jobs.models import Job
from jobs.terminal import AnsweringCommand, ago, at_least_one, note, status

LIMIT = 20


class Command(AnsweringCommand):
    help = f"List jobs, newest first. {query.HELP}"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("query", nargs="*", help="what to look for; put -- before a word that begins with -")
        parser.add_argument("--limit", type=at_least_one, default=LIMIT, help=f"how many at most (default {LIMIT})")

    def ask(self, *, query: list[str], limit: int, **_: Any) -> dict[str, Any]:
        found = _search(" ".join(query), limit)
        self._jobs = found
        return {"jobs": [job_row(job) for job in found], "count": len(found)}

    def show(self, answer: dict[str, Any]) -> None:
        names = owners.names_of(self._jobs)
        self.table(
            ("status", "task", "queue", "owner", "age", "id", "note"),
            (
                (status(job.status), job.task, job.queue, names[job.owner_id], ago(job.created_at), job.pk, note(job))
                for job in self._jobs
            ),
        )
        if not self._jobs:
            self.stdout.write("No job is like that.")


def _search(text: str, limit: int) -> list[Job]:
    return list(query.search(Job.objects.of_people(), text).newest_first().defer("arguments", "workflow")[:limit])
