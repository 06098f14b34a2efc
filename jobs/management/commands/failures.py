"""`manage.py failures`: what goes wrong, grouped by errors that are alike."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from jobs import failures
from jobs.api.shapes import epoch
from jobs.models import Job
from jobs.terminal import AnsweringCommand, ago


class Command(AnsweringCommand):
    help = "Group failed and dead jobs by errors that are alike, the most frequent first."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("query", nargs="*", help="narrow it: queue:email age:1d")

    def ask(self, *, query: list[str], **_: Any) -> dict[str, Any]:
        found = failures.groups(Job.objects.of_people(), " ".join(query))
        self._groups, self._since = found.groups, found.since
        return {
            "failures": [
                asdict(group) | {"first": epoch(group.first), "last": epoch(group.last)} for group in self._groups
            ],
            "since": epoch(found.since),
        }

    def show(self, answer: dict[str, Any]) -> None:
        self.table(
            ("jobs", "first", "last", "tasks", "error", "search for"),
            (
                (
                    group.jobs,
                    ago(group.first),
                    ago(group.last),
                    group.tasks,
                    f"{group.error_class}: {group.error}",
                    f"fingerprint:{group.fingerprint}",
                )
                for group in self._groups
            ),
        )
        if not self._groups:
            self.stdout.write("Nothing failed.")
        if self._since:
            self.stdout.write(
                f"Of jobs enqueued in the last {ago(self._since)}; narrow the search to see further back."
            )
