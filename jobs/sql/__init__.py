"""Each hot verb as SQL: one statement on PostgreSQL, its SQLite form beside it, under one contract test.

A file `NAME.VENDOR.sql` may say `{now}` and `{now_plus:PARAMETER}` for the database's clock.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from jobs import clock

_LATER = re.compile(r"\{now_plus:(\w+)\}")


def statement(name: str, vendor: str) -> str:
    """The SQL of a verb for a database vendor, with the clock filled in."""
    text = _LATER.sub(lambda match: clock.now_sql(vendor, f"%({match[1]})s"), _text(name, vendor))
    return text.replace("{now}", clock.now_sql(vendor))


@cache
def _text(name: str, vendor: str) -> str:
    return (files(__package__) / f"{name}.{vendor}.sql").read_text()
