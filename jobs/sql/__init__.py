"""Each hot verb as SQL: one statement on PostgreSQL, its SQLite form beside it, under one contract test.

A file `NAME.VENDOR.sql` may say `{now}` and `{now_plus:PARAMETER}` for the database's clock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from jobs import clock
from jobs.config import config
from jobs.sql import prepared

_LATER = re.compile(r"\{now_plus:(\w+)\}")


def fetch(name: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a verb and return its rows."""
    connection = connections[DEFAULT_DB_ALIAS]  # looked up once: the usual proxy does so each time that it is asked
    text = statement(name, connection.vendor)
    if connection.vendor == "postgresql" and _may_prepare(connection):
        # Let PostgreSQL keep the plan: half of a statement's cost here. Django's own cursor would send it anew.
        connection.ensure_connection()
        connection.validate_no_broken_transaction()
        with connection.wrap_database_errors:
            return prepared.fetch(connection.connection, text, parameters)
    with connection.cursor() as cursor:
        cursor.execute(text, dict(parameters))
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def statement(name: str, vendor: str) -> str:
    """The SQL of a verb for a database vendor, with the clock filled in."""
    return _filled(name, vendor, clock.setting())


def _may_prepare(connection: BaseDatabaseWrapper) -> bool:
    """Not where Django's cursor is watched, as by its test tools and tracing; nor with a clock that a test has set."""
    return config().PREPARE and clock.is_real() and not (connection.queries_logged or connection.execute_wrappers)


@lru_cache(maxsize=100)
def _filled(name: str, vendor: str, _setting: clock.Setting) -> str:
    text = _LATER.sub(lambda match: clock.now_sql(vendor, f"%({match[1]})s"), _text(name, vendor))
    return text.replace("{now}", clock.now_sql(vendor))


@cache
def _text(name: str, vendor: str) -> str:
    return (files(__package__) / f"{name}.{vendor}.sql").read_text()
