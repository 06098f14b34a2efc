"""`manage.py prune`: which ended jobs have been kept long enough; with `--yes`, they go."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import CommandParser

from jobs import prune
from jobs.terminal import AnsweringCommand


class Command(AnsweringCommand):
    help = (
        "Say how many ended jobs have been kept for their time; with --yes they go, with all that is theirs. "
        "The dispatcher does it by itself, a few every five seconds."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--yes", action="store_true", help="remove them")

    def ask(self, *, yes: bool, **_: Any) -> dict[str, Any]:
        shelves = [
            {
                "status": shelf.status,
                "queue": shelf.queue or ("others" if shelf.apart else "all"),
                "days": shelf.days,
                "overdue": shelf.overdue().count(),
            }
            for shelf in prune.shelves()
        ]
        return {"shelves": shelves, "removed": prune.run_all(by=getpass.getuser()) if yes else 0}

    def show(self, answer: dict[str, Any]) -> None:
        self.table(
            ("status", "queue", "kept for", "over"),
            (
                (shelf["status"], shelf["queue"], f"{shelf['days']:g} d", f"{shelf['overdue']:,}")
                for shelf in answer["shelves"]
            ),
        )
        if answer["removed"]:
            self.stdout.write(f"{answer['removed']:,} jobs are gone.")
        elif any(shelf["overdue"] for shelf in answer["shelves"]):
            self.stdout.write("Nothing was removed. Add --yes to remove them.")
