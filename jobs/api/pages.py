"""Pages by cursor: stable while rows arrive, and as fast at the end as at the start."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypeVar

from django.db.models import Q, QuerySet
from rest_framework import exceptions
from rest_framework.request import Request

from jobs import query
from jobs.access import only_own
from jobs.api import access, parsing
from jobs.models import Batch, Job, JobQuerySet
from jobs.query import Word

LIMIT = 50
LARGEST = 200
END = "t"  # before a cursor that is no row: microseconds, where a look ended

Row = TypeVar("Row", Job, Batch)


def page(jobs: JobQuerySet, request: Request, narrowed: Iterable[Word]) -> tuple[list[Job], str | None]:
    """A page of the jobs that `q` asks for, newest first, and the `cursor` that asks for the next one, or None.

    Where few are found among the newest it is not full, even empty: the next one is found further back.

    Args:
        narrowed: What these jobs are already.
    """
    found = query.look(
        jobs.defer("arguments", "workflow"),
        request.query_params.get("q", ""),
        narrowed=narrowed,
        owner_id=only_own(request.user),
        older=_older(access.visible_jobs(request.user), request.query_params.get("cursor")),
    )
    rows, following = _first(found.jobs, request)
    if following is None and found.ends:
        following = f"{END}{round(found.ends.timestamp() * 1_000_000)}"
    return rows, following


def page_of(rows: QuerySet[Row], visible: QuerySet[Row], request: Request) -> tuple[list[Row], str | None]:
    """A page of rows that have an id and a time of creation.

    A cursor is the id of the last row seen. One that the user may not see is refused like one that never was.
    """
    return _first(rows.filter(_older(visible, request.query_params.get("cursor"))), request)


def _first(rows: QuerySet[Row], request: Request) -> tuple[list[Row], str | None]:
    limit = parsing.whole(request, "limit", LIMIT, LARGEST)
    found = list(rows.order_by("-created_at", "-id")[: limit + 1])
    return found[:limit], str(found[limit - 1].pk) if len(found) > limit else None


def _older(visible: QuerySet[Row], cursor: str | None) -> Q:
    if cursor is None:
        return Q()
    if cursor.startswith(END):
        return query.before(_moment(cursor.removeprefix(END)))
    last = visible.filter(pk=_identifier(cursor)).only("created_at").first()
    if last is None:
        raise _unknown_cursor()
    return query.after(last)


def _moment(digits: str) -> datetime:
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 16):
        raise _unknown_cursor()
    seconds, microseconds = divmod(int(digits), 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)


def _identifier(cursor: str) -> uuid.UUID:
    try:
        return uuid.UUID(cursor)
    except ValueError:
        raise _unknown_cursor() from None


def _unknown_cursor() -> exceptions.ValidationError:
    return exceptions.ValidationError({"cursor": "Unknown cursor. Start again without one."})
