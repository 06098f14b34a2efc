"""A full ledger on PostgreSQL, made by its own statements: what a page has to find its way in."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

STATEMENTS = Path(__file__).with_name("ledger.postgresql.sql")


@dataclass(frozen=True)
class Size:
    """Jobs that have ended, wait and run; `mail` messages, as many contacts, half as many leads and outgoing mails."""

    finished: int
    waiting: int
    running: int
    mail: int


def fill(connection: psycopg.Connection, size: Size) -> None:
    """Fill a migrated database that is empty. The connection is a superuser's, in autocommit."""
    for name, rows in asdict(size).items():
        connection.execute("SELECT set_config('bench.' || %s, %s, false)", [name, str(rows)])
    connection.execute(STATEMENTS.read_text().encode())
    # A ledger that has been this full for a while, not one whose filling is still being written to the disk.
    connection.execute("VACUUM ANALYZE")
    connection.execute("CHECKPOINT")
