"""Pages by cursor: stable while rows arrive, and as fast at the end as at the start."""

from __future__ import annotations

import uuid

from django.db.models import F, Q, Subquery
from rest_framework import exceptions
from rest_framework.request import Request

from jobs.api import parsing
from jobs.models import Job, JobQuerySet

LIMIT = 50
LARGEST = 200


def page(jobs: JobQuerySet, request: Request) -> tuple[list[Job], str | None]:
    """A page of jobs, newest first, and the `cursor` that asks for the next one, or None.

    A cursor is the id of the last job seen. One that the user may not see is refused like one that never was.
    """
    limit = parsing.whole(request, "limit", LIMIT, LARGEST)
    rows = _after(jobs, request.query_params.get("cursor"), request)
    found = list(rows.newest_first().defer("arguments", "workflow")[: limit + 1])
    return found[:limit], str(found[limit - 1].pk) if len(found) > limit else None


def _after(jobs: JobQuerySet, cursor: str | None, request: Request) -> JobQuerySet:
    if cursor is None:
        return jobs
    last = Job.objects.visible_to(request.user).filter(pk=_identifier(cursor))
    if not last.exists():
        raise _unknown_cursor()
    # The database compares its own values: a time that went through Python is written differently on SQLite.
    seen_at = Subquery(last.values("created_at"))
    return jobs.alias(seen_at=seen_at).filter(
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
