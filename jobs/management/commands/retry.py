"""`manage.py retry ID ...`, or `--task send_email --status dead`: what would run again; with `--yes`, it does."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import CommandParser

from jobs import services
from jobs.again import MOST, Preview, Retried, Selection
from jobs.api.shapes import epoch
from jobs.errors import Refused
from jobs.lifecycle import AGAIN
from jobs.terminal import AnsweringCommand, at_least_one, moment, printable

NARROWING = ("query", "queue", "task", "status", "fingerprint", "owner", "after", "before")


class Command(AnsweringCommand):
    help = (
        "Run failed, dead, cancelled or expired jobs again: those that are named, at once. Without names: say which "
        "would run again and why they ended; run them with --yes."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("jobs", nargs="*", metavar="job", help="an id, or your own id for a job")
        parser.add_argument("--afresh", action="store_true", help="from the start: named jobs forget their checkpoint")
        parser.add_argument("--query", default="", help='a search, such as "args.to:ann@example.com age:1d"')
        parser.add_argument("--queue", default="")
        parser.add_argument("--task", default="")
        parser.add_argument(
            "--status",
            action="append",
            help=f"one of {', '.join(AGAIN)}; may be given again (default: failed and dead)",
        )
        parser.add_argument("--fingerprint", default="", help="of errors that are alike, as the preview shows it")
        parser.add_argument("--owner", type=int, help="a user's number")
        parser.add_argument("--after", help="ended after this time, such as 2026-11-23T08:00")
        parser.add_argument("--before", help="ended before this time")
        parser.add_argument("--limit", type=at_least_one, default=MOST, help=f"how many at most (default {MOST})")
        parser.add_argument("--reason", default="", help="kept with each job")
        parser.add_argument("--by", help="who does it (default: the user of this machine)")
        parser.add_argument("--yes", action="store_true", help="run them")

    def ask(
        self, *, jobs: list[str], afresh: bool, limit: int, reason: str, by: str | None, yes: bool, **options: Any
    ) -> dict[str, Any]:
        self._preview = None
        by = by or getpass.getuser()
        if jobs:
            if any(options[name] for name in NARROWING):
                raise Refused("Name jobs, or narrow them by options: one of the two.", field="jobs")
            return _named(jobs, afresh=afresh, by=by, reason=reason)
        if afresh:
            raise Refused("--afresh is for jobs that are named.", field="afresh")
        selection = _selection(options)
        self._preview = services.preview_retry(selection)
        if not yes:
            return _told(self._preview)
        until = self._preview.until
        return _done(services.retry_many(selection, by=by, reason=reason, limit=limit, until=until, origin="command"))

    def show(self, answer: dict[str, Any]) -> None:
        if self._preview:
            self._show(self._preview)
        if "retried" not in answer:
            self.stdout.write("Nothing was changed. Add --yes to run them again.")
            return
        self.stdout.write(
            f"{answer['retried']:,} run again, {answer['busy']:,} are held up by another, {answer['left']:,} are left."
        )

    def _show(self, preview: Preview) -> None:
        since = f", enqueued since {preview.since:%Y-%m-%d %H:%M}; older ones were not counted" if preview.since else ""
        self.stdout.write(f"{preview.count:,} jobs{since}")
        for cause in preview.causes:
            words = f"{cause.error_class}: {cause.error}" if cause.error_class else cause.error
            self.stdout.write(
                f"{cause.count:>8,}  {cause.fingerprint or '-':16}  {printable(words[:120])}  (such as {cause.example})"
            )
        if preview.other_causes:
            self.stdout.write(f"and {preview.other_causes:,} other causes")
        self.stdout.write(
            f"{preview.effects_made:,} effects were made and are skipped, {preview.effects_unclear:,} are asked about "
            f"first; {preview.busy:,} jobs are held up by another of their kind."
        )


def _named(names: list[str], *, afresh: bool, by: str, reason: str) -> dict[str, Any]:
    """All are looked up before the first one runs again."""
    found = [services.find(name) for name in names]
    for job in found:
        services.retry(job.pk, by=by, reason=reason, afresh=afresh)
    return _done(Retried(done=len(found)))


def _told(preview: Preview) -> dict[str, Any]:
    return {
        "would_retry": preview.count,
        "causes": [
            {"fingerprint": cause.fingerprint, "count": cause.count, "error": cause.error, "example": cause.example}
            for cause in preview.causes
        ],
        "effects_made": preview.effects_made,
        "effects_unclear": preview.effects_unclear,
        "busy": preview.busy,
        "since": epoch(preview.since),
    }


def _done(done: Retried) -> dict[str, Any]:
    return {"retried": done.done, "busy": len(done.busy), "left": done.left}


def _selection(options: dict[str, Any]) -> Selection:
    return Selection(
        q=options["query"],
        queue=options["queue"],
        task=options["task"],
        **({"statuses": tuple(options["status"])} if options["status"] else {}),
        fingerprint=options["fingerprint"],
        owner_id=options["owner"],
        ended_after=moment("--after", options["after"]),
        ended_before=moment("--before", options["before"]),
    )
