"""What goes wrong: failed and dead jobs, grouped by errors that are alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min

from jobs import query
from jobs.models import JobQuerySet, JobStatus

MOST = 20
FAILURES = (JobStatus.FAILED, JobStatus.DEAD)


@dataclass(frozen=True)
class Group:
    """Jobs that ended alike: how many, of how many tasks and owners, when first and last, and one of the errors."""

    fingerprint: str
    error_class: str
    error: str
    jobs: int
    tasks: int
    owners: int
    first: datetime
    last: datetime


def groups(jobs: JobQuerySet, text: str = "", most: int = MOST) -> list[Group]:
    """The failures among these jobs, the most frequent first.

    Raises:
        BadQuery: of the text.
    """
    ended = query.search(jobs.filter(status__in=FAILURES), text).order_by()
    found: Any = (
        ended.values("fingerprint", "error_class")
        .annotate(
            jobs=Count("pk"),
            tasks=Count("task", distinct=True),
            owners=Count("owner_id", distinct=True),
            first=Min("finished_at"),
            last=Max("finished_at"),
            error=Max("error"),
        )
        .order_by("-jobs", "-last", "fingerprint", "error_class")
    )
    return [Group(**group) for group in found[:most]]
