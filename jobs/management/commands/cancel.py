"""`manage.py cancel ID ...`, or `--query "task:send_* status:waiting" --yes`: cancel jobs."""

from __future__ import annotations

import getpass
import sys
from collections import Counter
from typing import Any

from django.core.management.base import CommandError, CommandParser

from jobs import query, services
from jobs.errors import WrongState
from jobs.models import Job
from jobs.terminal import AnsweringCommand


class Command(AnsweringCommand):
    help = "Cancel jobs that wait, and ask those that run to stop. With --query first say which; with --yes do it."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("jobs", nargs="*", metavar="job", help="an id, or your own id for a job")
        parser.add_argument("--query", help="all unfinished jobs that this finds")
        parser.add_argument("--reason", default="", help="kept with each job")
        parser.add_argument("--by", help="who does it (default: the user of this machine)")
        parser.add_argument("--yes", action="store_true", help="do it")

    def ask(self, *, jobs: list[str], query: str | None, reason: str, by: str | None, yes: bool, **_: Any) -> Any:
        if bool(jobs) == (query is not None):
            raise CommandError("Name jobs, or give --query: one of the two.", returncode=2)
        who = {"by": by or getpass.getuser(), "reason": reason}
        if query is not None:
            return _many(query, who, yes=yes)
        found = [services.find(job) for job in jobs]
        answers = Counter(_cancel(job, who, one=len(jobs) == 1) for job in found)
        return {"cancelled": answers["cancelled"], "asked": answers["asked"], "ended_before": answers["ended"]}

    def show(self, answer: dict[str, Any]) -> None:
        if "would_cancel" in answer:
            self.table(("jobs", "task"), ((number, task) for task, number in answer["tasks"].items()))
            older = f", and older ones than of {answer['since'][:16]}" if answer["since"] else ""
            self.stdout.write(f"{answer['would_cancel']:,} jobs would be cancelled{older}. Add --yes to do it.")
            return
        told = f"{answer['cancelled']:,} cancelled, {answer['asked']:,} asked to stop"
        self.stdout.write(
            f"{told}, {answer['ended_before']:,} had ended before." if answer["ended_before"] else f"{told}."
        )


def _many(text: str, who: dict[str, str], *, yes: bool) -> dict[str, Any]:
    jobs = Job.objects.of_people()
    if not yes:
        preview = services.preview_cancel(jobs, text)
        since = preview.since.isoformat() if preview.since else None
        return {"would_cancel": preview.count, "tasks": preview.tasks, "since": since}
    found, named = query.search(jobs, text), {"query": text}
    done = services.cancel_many(
        found, by=who["by"], reason=who["reason"], limit=sys.maxsize, origin="command", named=named
    )
    return {"cancelled": done.done, "asked": done.asked, "ended_before": 0}


def _cancel(job: Job, who: dict[str, str], *, one: bool) -> str:
    try:
        return "cancelled" if services.cancel(job.pk, **who).done else "asked"
    except WrongState:
        if one:
            raise
        return "ended"
