"""`manage.py export_contacts --user U [--output FILE]`"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TextIO, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from typing_extensions import override

from crm import owners
from crm.exporting import export_contacts


class Command(BaseCommand):
    help = "Write a user's contacts as CSV that is safe to open in a spreadsheet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="user name of the owner")
        parser.add_argument("--output", type=Path, help="a new file; default standard output")

    @override
    def handle(self, *args: Any, user: str, output: Path | None, **options: Any) -> None:
        try:
            user_id = owners.id_of(user)
        except owners.NoSuchUserError as error:
            raise CommandError(str(error), returncode=2) from None
        if output is None:
            # Django's wrapper adds a line end to what already has one.
            export_contacts(user_id, cast("TextIO", self.stdout._out))
            return
        try:
            # With a mark: spreadsheets take UTF-8 without one for something else.
            with output.open("x", encoding="utf-8-sig", newline="") as file:
                count = export_contacts(user_id, file)
        except OSError as error:
            raise CommandError(f"{output}: {error.strerror}. Name a new file.", returncode=2) from None
        self.stdout.write(f"{count} contacts written to {output}.")
