"""The database's clock: the only one that decides anything. In one place, so that the testing kit can move it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, Value
from django.db.models.sql.compiler import SQLCompiler

Setting = tuple[timedelta, datetime | None]

_offset = timedelta()
_frozen: datetime | None = None


def now_sql(vendor: str, seconds: str = "") -> str:
    """SQL for the time now, plus a number of seconds given as SQL (a literal or a placeholder).

    `now()` of PostgreSQL is the transaction's start; a job claimed late in a long transaction needs the clock itself.
    """
    if vendor == "postgresql":
        base = f"timestamptz '{_frozen.isoformat()}'" if _frozen else "clock_timestamp()"
        return _plus(base, seconds)
    base = f"'{_frozen:%Y-%m-%d %H:%M:%S.%f}'" if _frozen else "'now'"
    shift = f", '{_offset.total_seconds():+f} seconds'" if _offset else ""
    added = f", ({seconds}) || ' seconds'" if seconds else ""
    return f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', {base}{shift}{added})"


def _plus(base: str, seconds: str) -> str:
    shift = f" + interval '{_offset.total_seconds():f} seconds'" if _offset else ""
    added = f" + ({seconds}) * interval '1 second'" if seconds else ""
    return f"({base}{shift}{added})"


class Now(Func):
    """The time now in a query, the same in all of it; `Now(seconds)` is that much later."""

    output_field = models.DateTimeField()

    def __init__(self, seconds: float = 0) -> None:
        super().__init__()
        self.seconds = float(seconds)

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        moment = now_sql(connection.vendor, f"{self.seconds:f}" if self.seconds else "")
        # PostgreSQL looks a time up in an index only if it need not ask the clock for each row.
        return f"(SELECT {moment})" if connection.vendor == "postgresql" else moment, []


def now() -> datetime:
    """The database's time, asked of it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {now_sql(connection.vendor)}", [])
        return aware(cursor.fetchone()[0])


def aware(value: Any) -> datetime:
    """A time as a database driver gives it, as an aware datetime."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def literal(moment: datetime) -> Any:
    """A time that the database gave, to be compared with its own again: SQLite compares how it is written."""
    if connection.vendor != "sqlite":
        return moment
    return Value(moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "milliseconds"))


def setting() -> Setting:
    """How the clock is set now: what was made of it stays right as long as this is the same."""
    return _offset, _frozen


def is_real() -> bool:
    """Whether nobody has set it."""
    return not _offset and _frozen is None


def freeze(moment: datetime | None) -> None:
    """Stop the clock at a moment (None starts it again). For `jobs.testing` only."""
    global _frozen
    _frozen = moment


def shift(by: timedelta) -> None:
    """Set the clock's distance from the real one. For `jobs.testing` only."""
    global _offset
    _offset = by
