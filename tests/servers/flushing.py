"""Emptying the database after a test that commits, quicker than Django does it.

Django empties the tables of content types and permissions too, and makes each row anew: most of the time that it takes.
No test changes them. On PostgreSQL it gives every table new files; a test fills a few tables with a few rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from django.core.management.color import Style
from django.core.management.commands import flush
from django.db.backends.base.base import BaseDatabaseWrapper

KEPT = {"django_content_type", "auth_permission"}
APPEND_ONLY = {"jobs_auditentry"}
LARGE = 1_000_000  # bytes: rows that are deleted leave a table as large as it was

# Who still writes is waited for, as by TRUNCATE; what they wrote goes, too. Nothing is truncated after a DELETE, whose
# foreign keys are looked at in the end.
QUICKLY = """
DO $$
DECLARE
  emptied CONSTANT text[] := {emptied};
  name text;
  is_filled boolean;
BEGIN
  LOCK TABLE {tables} IN EXCLUSIVE MODE;
  FOREACH name IN ARRAY emptied LOOP
    IF name = ANY ({append_only}) OR pg_relation_size(quote_ident(name)) > {large} THEN
      EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', name) INTO is_filled;
      IF is_filled THEN EXECUTE format('TRUNCATE %I CASCADE', name); END IF;
    END IF;
  END LOOP;
  FOREACH name IN ARRAY emptied LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', name) INTO is_filled;
    IF is_filled THEN EXECUTE format('DELETE FROM %I', name); END IF;
  END LOOP;
END $$
"""


@contextmanager
def what_migrations_made_is_kept() -> Iterator[None]:
    with (
        mock.patch.object(flush, "sql_flush", _of_the_others),
        mock.patch.object(flush, "emit_post_migrate_signal"),
    ):
        yield


def _of_the_others(style: Style, connection: BaseDatabaseWrapper, **options: Any) -> list[str]:
    tables = connection.introspection.django_table_names(include_views=False)
    emptied = [table for table in tables if table not in KEPT]
    if connection.vendor == "postgresql" and not options["reset_sequences"]:
        return [_quickly(emptied)]
    return list(connection.ops.sql_flush(style, emptied, **options))


def _quickly(tables: list[str]) -> str:
    return QUICKLY.format(
        emptied=_array(tables),
        tables=", ".join(f'"{table}"' for table in tables),
        append_only=_array(sorted(APPEND_ONLY)),
        large=LARGE,
    )


def _array(names: list[str]) -> str:
    return "ARRAY[" + ", ".join(f"'{name}'" for name in names) + "]"
