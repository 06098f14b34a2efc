"""`manage.py failures`: what goes wrong, grouped by errors that are alike."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Count, Max, Min

from jobs import query
from jobs.api.shapes import epoch
from jobs.models import Job, JobStatus
from jobs.terminal import AnsweringCommand, ago

MOST = 20


class Command(AnsweringCommand):
    help = "Group failed and dead jobs by errors that are alike, the most frequent first."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("query", nargs="*", help="narrow it: queue:email age:1d")

    def ask(self, *, query: list[str], **_: Any) -> dict[str, Any]:
        self._groups = _groups(" ".join(query))
        return {
            "failures": [group | {name: epoch(group[name]) for name in ("first", "last")} for group in self._groups]
        }

    def show(self, answer: dict[str, Any]) -> None:
        self.table(
            ("jobs", "first", "last", "tasks", "error", "search for"),
            (
                (
                    group["jobs"],
                    ago(group["first"]),
                    ago(group["last"]),
                    group["tasks"],
                    f"{group['error_class']}: {group['error']}",
                    f"fingerprint:{group['fingerprint']}",
                )
                for group in self._groups
            ),
        )
        if not self._groups:
            self.stdout.write("Nothing failed.")


def _groups(text: str) -> list[dict[str, Any]]:
    ended = query.search(Job.objects.of_people().filter(status__in=(JobStatus.FAILED, JobStatus.DEAD)), text)
    groups: Any = (
        ended.order_by()
        .values("fingerprint", "error_class")
        .annotate(
            jobs=Count("pk"),
            tasks=Count("task", distinct=True),
            first=Min("finished_at"),
            last=Max("finished_at"),
            error=Max("error"),
        )
        .order_by("-jobs")[:MOST]
    )
    return list(groups)
