"""`manage.py retry --task send_email --status dead`: what would run again; with `--yes`, it does."""

from __future__ import annotations

import getpass
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from jobs import services
from jobs.again import MOST, Preview, Selection
from jobs.errors import Refused
from jobs.lifecycle import AGAIN


class Command(BaseCommand):
    help = "Say which failed, dead, cancelled or expired jobs would run again, and why they ended; run them with --yes."

    def add_arguments(self, parser: CommandParser) -> None:
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
        parser.add_argument("--limit", type=int, default=MOST, help=f"how many at most (default {MOST})")
        parser.add_argument("--reason", default="", help="kept with each job")
        parser.add_argument("--by", help="who does it (default: the user of this machine)")
        parser.add_argument("--yes", action="store_true", help="run them")

    def handle(self, *, limit: int, reason: str, by: str | None, yes: bool, **options: Any) -> None:
        if limit < 1:
            raise CommandError("--limit is to be 1 or more.", returncode=2)
        try:
            selection = _selection(options)
        except Refused as error:
            raise CommandError(str(error), returncode=2) from None
        preview = services.preview_retry(selection)
        self._show(preview)
        if not yes:
            self.stdout.write("Nothing was changed. Add --yes to run them again.")
            return
        by = by or getpass.getuser()
        done = services.retry_many(selection, by=by, reason=reason, limit=limit, until=preview.until, origin="command")
        self.stdout.write(
            f"{done.done:,} run again, {len(done.busy):,} are held up by another, {done.left:,} are left."
        )

    def _show(self, preview: Preview) -> None:
        since = f", enqueued since {preview.since:%Y-%m-%d %H:%M}; older ones were not counted" if preview.since else ""
        self.stdout.write(f"{preview.count:,} jobs{since}")
        for cause in preview.causes:
            words = f"{cause.error_class}: {cause.error}" if cause.error_class else cause.error
            self.stdout.write(
                f"{cause.count:>8,}  {cause.fingerprint or '-':16}  {words[:120]}  (such as {cause.example})"
            )
        if preview.other_causes:
            self.stdout.write(f"and {preview.other_causes:,} other causes")
        self.stdout.write(
            f"{preview.effects_made:,} effects were made and are skipped, {preview.effects_unclear:,} are asked about "
            f"first; {preview.busy:,} jobs are held up by another of their kind."
        )


def _selection(options: dict[str, Any]) -> Selection:
    return Selection(
        q=options["query"],
        queue=options["queue"],
        task=options["task"],
        **({"statuses": tuple(options["status"])} if options["status"] else {}),
        fingerprint=options["fingerprint"],
        owner_id=options["owner"],
        ended_after=_moment("--after", options["after"]),
        ended_before=_moment("--before", options["before"]),
    )


def _moment(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(f"{option} is {text!r}: give a time such as 2026-11-23T08:00.", returncode=2)
    return moment if moment.tzinfo else timezone.make_aware(moment)
