"""Commands that answer: tables for people, one JSON object for programs."""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from jobs import checks
from jobs.errors import InvalidArguments, Refused
from jobs.models import FINAL, Job, JobStatus
from jobs.origin import coming_from
from jobs.wording import span

COLOURS = {
    JobStatus.COMPLETED: "green",
    JobStatus.PROCESSING: "cyan",
    JobStatus.RETRYING: "yellow",
    JobStatus.FAILED: "red",
    JobStatus.DEAD: "red",
    JobStatus.IN_DOUBT: "magenta",
}
NARROWEST = 80  # columns
WHOLE = ("id", "job", "search for")  # copied: never broken in two, whatever is narrow
PIPED = 250


class AnsweringCommand(BaseCommand):
    """`ask` makes the answer, `show` writes it for people. A refusal exits with 2 and says the remedy."""

    requires_system_checks = checks.OF_COMMANDS

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object, for programs")

    def handle(self, *_: Any, **options: Any) -> None:
        for_programs = options.pop("json")
        try:
            with coming_from("command"):
                answer = self.ask(**options)
        except Refused as error:
            raise CommandError(str(error), returncode=2) from None
        try:
            self._write_answer(answer, for_programs=for_programs)
        except BrokenPipeError:  # who reads it has seen enough, as `head` has
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains at its end
            sys.exit(141)

    def ask(self, *args: Any, **options: Any) -> Any:
        """What `--json` prints. Raises Refused."""
        raise NotImplementedError

    def show(self, answer: Any) -> None:
        raise NotImplementedError

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Nothing where there are no rows; no headings where no column has one."""
        shown = Table(box=None, pad_edge=False, header_style="bold", show_header=any(columns))
        for column in columns:
            shown.add_column(column, overflow="fold", no_wrap=column in WHOLE)
        for row in rows:
            shown.add_row(*(cell if isinstance(cell, Text) else Text(printable(cell)) for cell in row))
        if shown.row_count:
            self.render(shown)

    def render(self, what: RenderableType) -> None:
        tty = self.stdout.isatty()
        paper = io.StringIO()
        width = max(NARROWEST, shutil.get_terminal_size().columns) if tty else PIPED
        Console(file=paper, force_terminal=tty, no_color=not tty, width=width, highlight=False).print(what)
        self.stdout.write(paper.getvalue(), ending="")

    def _write_answer(self, answer: Any, *, for_programs: bool) -> None:
        if for_programs:
            self.stdout.write(json.dumps(answer, default=str))
        else:
            self.show(answer)
        self.stdout.flush()


def json_object(text: str) -> dict[str, Any]:
    """What `--args` holds. Raises InvalidArguments."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InvalidArguments(f"--args is not JSON: {error}.", field="args") from None
    if not isinstance(value, dict):
        raise InvalidArguments('--args is to be an object: {"name": "value"}.', field="args")
    return value


def moment(option: str, text: str | None) -> datetime | None:
    """A time that an option gives, in the server's time zone unless it says another. Raises Refused."""
    if text is None:
        return None
    try:
        given = parse_datetime(text)
    except ValueError:
        given = None
    if given is None:
        raise Refused(f"{option} is {text!r}: give a time such as 2026-11-23T08:00.", field=option.strip("-"))
    return given if given.tzinfo else timezone.make_aware(given)


def at_least_one(text: str) -> int:
    """The type of an option that counts."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("give 1 or more")
    return number


def printable(value: Any) -> str:
    """Text that moves no cursor and starts no escape sequence: errors and arguments come from anywhere."""
    if value is None:
        return ""
    return "".join(character if character.isprintable() or character == "\n" else "�" for character in str(value))


def status(value: str) -> Text:
    return Text(value, style=COLOURS.get(JobStatus(value), ""))


def ago(moment: datetime | None) -> str:
    """How long ago, or in how long: `3 min`, `in 2 h`."""
    if moment is None:
        return ""
    seconds = (datetime.now(UTC) - moment).total_seconds()
    return span(seconds) if seconds >= 0 else f"in {span(-seconds)}"


def progress(job: Job) -> str:
    """How far a job is, and how long it may take yet; empty where it has not said."""
    if job.percent is None:
        return ""
    left = "" if job.seconds_left is None else f"about {span(job.seconds_left)} left"
    return " ".join(part for part in (f"{job.percent:g} %", job.progress_message, left) if part)


def note(job: Job) -> str:
    """The one thing to say of a job beside its status."""
    if job.error:
        return job.error
    if job.status not in FINAL and job.progress_total:
        return progress(job)
    return job.reason
