"""`manage.py batches [ID]`: how far each set of jobs is; one with the batches within it; cancelling one."""

from __future__ import annotations

import getpass
import uuid
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from jobs import batches
from jobs.api import shapes
from jobs.batch_tree import Branch, tree_of
from jobs.errors import JobNotFound, Refused
from jobs.models import Batch, BatchStatus
from jobs.terminal import AnsweringCommand, ago, at_least_one

LIMIT = 20


class Command(AnsweringCommand):
    help = "List batches, newest first. With an id: that one, and the batches within it."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("batch", nargs="?", help="its id")
        parser.add_argument("--status", action="append", choices=BatchStatus.values, help="may be given again")
        parser.add_argument("--limit", type=at_least_one, default=LIMIT, help=f"how many at most (default {LIMIT})")
        parser.add_argument("--cancel", action="store_true", help="cancel the members that wait or run")
        parser.add_argument("--reason", default="", help="kept with what is cancelled")

    def ask(
        self, *, batch: str | None, status: list[str] | None, limit: int, cancel: bool, reason: str, **_: Any
    ) -> dict[str, Any]:
        cancelled = None
        if cancel:
            cancelled = batches.cancel(_named(batch).pk, by=getpass.getuser(), reason=reason)
        self._lines = list(_tree(tree_of(_named(batch)))) if batch else [(0, one) for one in _newest(status, limit)]
        return {"batches": [shapes.batch(one) for _, one in self._lines], "cancelled": cancelled}

    def show(self, answer: dict[str, Any]) -> None:
        self.table(
            ("batch", "status", "done", "completed", "failed", "dropped", "age", "id"),
            (
                (
                    f"{'  ' * depth}{one.name or '-'}",
                    one.status,
                    f"{one.percent:g} % of {one.total:,}",
                    one.completed,
                    one.failed or "",
                    one.dropped or "",
                    ago(one.created_at),
                    one.pk,
                )
                for depth, one in self._lines
            ),
        )
        if not self._lines:
            self.stdout.write("No batch is like that.")
        if answer["cancelled"] is not None:
            self.stdout.write(f"{answer['cancelled']:,} jobs are cancelled or asked to stop.")


def _newest(statuses: list[str] | None, limit: int) -> list[Batch]:
    found = Batch.objects.filter(status__in=statuses) if statuses else Batch.objects.all()
    return list(found[: max(1, limit)])


def _named(text: str | None) -> Batch:
    if text is None:
        raise Refused("Name the batch: manage.py batches ID --cancel.", field="batch")
    try:
        found = Batch.objects.filter(pk=uuid.UUID(text)).first()
    except ValueError:
        found = None
    if found is None:
        raise JobNotFound(f"There is no batch {text!r}. manage.py batches lists them.", field="batch")
    return found


def _tree(branch: Branch, depth: int = 0) -> Iterator[tuple[int, Batch]]:
    yield depth, branch.batch
    for below in branch.branches:
        yield from _tree(below, depth + 1)
