"""`manage.py import_contacts FILE --user U`"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from typing_extensions import override

from crm import owners
from crm.csv_files import BadFileError
from crm.importing import import_contacts

SHOWN_ERRORS = 50


class Command(BaseCommand):
    help = "Import contacts from a CSV file with an email column. Exits 1 if some rows were bad, 2 if the file is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--user", required=True, help="user name of the owner")
        parser.add_argument("--encoding", help="such as cp1252; default UTF-8, or what a byte order mark says")
        parser.add_argument("--overwrite", action="store_true", help="replace what is stored instead of filling blanks")

    @override
    def handle(self, *args: Any, file: Path, user: str, encoding: str | None, overwrite: bool, **options: Any) -> None:
        self.errors = 0
        try:
            report = import_contacts(file, owners.id_of(user), self.show, encoding=encoding, overwrite=overwrite)
        except (BadFileError, owners.NoSuchUserError) as error:
            raise CommandError(str(error), returncode=2) from None
        summary = f"{report.created} contacts created, {report.updated} known, {report.failed} rows failed."
        if report.failed:
            raise CommandError(summary, returncode=1)
        self.stdout.write(summary)

    def show(self, line: int, problem: str) -> None:
        self.errors += 1
        if self.errors <= SHOWN_ERRORS:
            self.stderr.write(f"line {line}: {problem}")
        elif self.errors == SHOWN_ERRORS + 1:
            self.stderr.write("Further errors are only counted.")
