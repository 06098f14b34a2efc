"""Emptying the database between tests on SQLite, whose audit refuses every DELETE. (PostgreSQL is truncated.)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

from django.db import connection
from django.db.backends.sqlite3.base import DatabaseWrapper

TRIGGER = "jobs_audit_no_delete"
_LOOK_UP = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = %s"


@contextmanager
def audit_flushed() -> Iterator[None]:
    """Django's `flush`, which ends each `TransactionTestCase`, takes the audit's entries too."""
    operations = DatabaseWrapper.ops_class
    flush = operations.execute_sql_flush

    def flush_all(self: Any, statements: Sequence[str]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_LOOK_UP, [TRIGGER])
            trigger = cursor.fetchone()
            cursor.execute(f"DROP TRIGGER IF EXISTS {TRIGGER}")
            flush(self, statements)
            if trigger:
                cursor.execute(trigger[0])

    with mock.patch.object(operations, "execute_sql_flush", flush_all):
        yield
