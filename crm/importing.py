"""A CSV file becomes contacts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from django.db import transaction

from crm import addresses
from crm.csv_files import Row, rows
from crm.lead_data import BadLeadData, parse
from crm.upserting import Rules, upsert
from crm.words import Kind

CHUNK = 200  # rows a transaction

OnError = Callable[[int, str], None]


@dataclass(slots=True)
class Report:
    """What became of the rows."""

    created: int = 0
    updated: int = 0
    failed: int = 0


def import_contacts(
    path: Path, user_id: int, on_error: OnError, *, encoding: str | None = None, overwrite: bool = False
) -> Report:
    """Make or complete a user's contacts. A bad row is told to `on_error(line, problem)` and passed over.

    Blanks are filled; with `overwrite` what the file says replaces what is stored. Importing the same file again
    changes nothing.

    Raises:
        BadFileError: nothing can be read of it.
    """
    report = Report()
    rules = Rules(overwrite=overwrite, makes_lead=False, kind=Kind.IMPORT)
    for chunk in _chunks(rows(path, encoding)):
        with transaction.atomic():
            for row in chunk:
                _import(row, user_id, rules, report, on_error)
    return report


def _chunks(source: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(source)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def _import(row: Row, user_id: int, rules: Rules, report: Report, on_error: OnError) -> None:
    try:
        created = _upsert(row, user_id, rules)
    except ValueError as error:
        report.failed += 1
        on_error(row.line, str(error))
        return
    report.created += created
    report.updated += not created


def _upsert(row: Row, user_id: int, rules: Rules) -> bool:
    if row.problem:
        raise ValueError(row.problem)
    if "email" not in row.fields:
        raise ValueError("email: is empty.")
    tags = [tag for tag in re.split(r"[;,]", row.fields.get("tags", "")) if tag.strip()]
    given = {**row.fields, "user_id": user_id, **({"tags": tags} if tags else {})}
    try:
        data = parse(given)
    except BadLeadData as error:
        raise ValueError(f"{error.field}: {error.problem}") from None
    return upsert(data, addresses.normalise(data.email), rules).created
