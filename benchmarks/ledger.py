"""A full ledger on PostgreSQL, made by its own statements: what a page has to find its way in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

STATEMENTS = Path(__file__).with_name("ledger.postgresql.sql")


@dataclass(frozen=True)
class Size:
    """Jobs that have ended, wait and run; `mail` messages, as many contacts, half as many leads and outgoing mails.

    `days`: how far back the figures of charts go.
    """

    finished: int
    waiting: int
    running: int
    mail: int
    days: int = 8


def fill(execute: Callable[[str], Any], size: Size) -> None:
    """Fill a migrated database that is empty, as a superuser."""
    for name, rows in asdict(size).items():
        execute(f"SET bench.{name} = {rows}")
    execute(STATEMENTS.read_text())
    execute("ANALYZE")


def settle(execute: Callable[[str], Any]) -> None:
    """As a ledger that has been this full for a while, not one whose filling is still being written to the disk."""
    execute("VACUUM ANALYZE")
    execute("CHECKPOINT")
