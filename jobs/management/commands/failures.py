"""`manage.py failures`: what goes wrong, grouped by errors that are alike; a group is run again in stages."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.management.base import CommandParser

from jobs import failures, stages
from jobs.api.failures import stage_row
from jobs.api.shapes import epoch
from jobs.errors import Refused
from jobs.models import Job
from jobs.reports import storable
from jobs.terminal import AnsweringCommand, ago, at_least_one, printable

TERMINAL = AnonymousUser()  # all who act in a terminal share what was run again last


class Command(AnsweringCommand):
    help = (
        "Group failed and dead jobs by errors that are alike, the most frequent first. With --stage run a group again: "
        "a few first, and more each time that none failed again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("query", nargs="*", help="narrow it: queue:email age:1d")
        parser.add_argument("--stage", metavar="FINGERPRINT", help="run the next ones of this group again")
        parser.add_argument("--size", type=at_least_one, help="how many, the oldest first (default 5, then 50, 5000)")
        parser.add_argument(
            "--anyway", action="store_true", help="although some of the last ones failed again, or are not through"
        )
        parser.add_argument("--reason", default="", help="kept with each job")

    def ask(self, *, query: list[str], stage: str | None, **options: Any) -> dict[str, Any]:
        return _next_stage(stage, " ".join(query), **options) if stage is not None else self._list(query)

    def show(self, answer: dict[str, Any]) -> None:
        if "stage" in answer:
            self.stdout.write(f"{answer['retried']:,} run again, {answer['busy_count']:,} are held up by another.")
            self.stdout.write("Look how they fare before more go: the same again goes on, or says that some failed.")
            return
        self._show_groups()

    def _list(self, query: list[str]) -> dict[str, Any]:
        found = failures.groups(Job.objects.of_people(), " ".join(query))
        self._groups, self._since = found.groups, found.since
        return {
            "failures": [
                asdict(group) | {"first": epoch(group.first), "last": epoch(group.last)} for group in self._groups
            ],
            "since": epoch(found.since),
        }

    def _show_groups(self) -> None:
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


def _next_stage(fingerprint: str, text: str, *, size: int | None, anyway: bool, reason: str, **_: Any) -> Any:
    if text:
        raise Refused("Give a search or --stage, not both.", field="query")
    jobs = Job.objects.of_people().filter(fingerprint=storable(fingerprint), status__in=failures.FAILURES)
    if not jobs.exists():
        raise Refused(
            f"No job failed as {printable(fingerprint)!r}: manage.py failures lists the groups.", field="stage"
        )
    by = getpass.getuser()
    done = stages.run_next(jobs, fingerprint, size, user=TERMINAL, by=by, anyway=anyway, reason=reason)
    stage = stage_row(stages.last(TERMINAL, fingerprint))
    return {"retried": done.done, "busy_count": len(done.busy), "stage": stage}
