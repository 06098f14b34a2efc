"""Pages by cursor: stable while rows arrive, and as fast at the end as at the start."""

from __future__ import annotations

import uuid
from typing import Any, TypeVar

from django.db.models import F, Q, QuerySet, Subquery
from rest_framework import exceptions
from rest_framework.request import Request

from jobs.api import access, parsing
from jobs.models import Batch, Job, JobQuerySet

LIMIT = 50
LARGEST = 200

Row = TypeVar("Row", Job, Batch)


def page(jobs: JobQuerySet, request: Request) -> tuple[list[Job], str | None]:
    """A page of jobs, newest first, and the `cursor` that asks for the next one, or None."""
    return page_of(jobs.defer("arguments", "workflow"), access.visible_jobs(request.user), request)


def page_of(rows: QuerySet[Row], visible: QuerySet[Row], request: Request) -> tuple[list[Row], str | None]:
    """A page of rows that have an id and a time of creation.

    A cursor is the id of the last row seen. One that the user may not see is refused like one that never was.
    """
    limit = parsing.whole(request, "limit", LIMIT, LARGEST)
    rows = _after(rows, visible, request.query_params.get("cursor"))
    found = list(rows.order_by("-created_at", "-id")[: limit + 1])
    return found[:limit], str(found[limit - 1].pk) if len(found) > limit else None


def _after(rows: Any, visible: Any, cursor: str | None) -> Any:
    if cursor is None:
        return rows
    last = visible.filter(pk=_identifier(cursor))
    if not last.exists():
        raise _unknown_cursor()
    # The database compares its own values: a time that went through Python is written differently on SQLite.
    seen_at = Subquery(last.values("created_at"))
    return rows.alias(seen_at=seen_at).filter(
        Q(created_at__lt=F("seen_at")) | Q(created_at=F("seen_at"), pk__lt=_identifier(cursor)),
        created_at__lte=F("seen_at"),
    )


def _identifier(cursor: str) -> uuid.UUID:
    try:
        return uuid.UUID(cursor)
    except ValueError:
        raise _unknown_cursor() from None


def _unknown_cursor() -> exceptions.ValidationError:
    return exceptions.ValidationError({"cursor": "Unknown cursor. Start again without one."})
