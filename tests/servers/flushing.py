"""Emptying the database after a test that commits, quicker than Django does it.

Django empties the tables of content types and permissions too, and makes each row anew: most of the time that it takes.
No test changes them.
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


@contextmanager
def what_migrations_made_is_kept() -> Iterator[None]:
    with (
        mock.patch.object(flush, "sql_flush", _of_the_others),
        mock.patch.object(flush, "emit_post_migrate_signal"),
    ):
        yield


def _of_the_others(style: Style, connection: BaseDatabaseWrapper, **options: Any) -> list[str]:
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    emptied = [table for table in tables if table not in KEPT]
    return list(connection.ops.sql_flush(style, emptied, **options))
