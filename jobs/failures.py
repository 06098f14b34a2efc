"""What goes wrong: failed and dead jobs, grouped by errors that are alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min

from jobs import query
from jobs.models import JobQuerySet, JobStatus
from jobs.query import Word

MOST = 20
FAILURES = (JobStatus.FAILED, JobStatus.DEAD)


@dataclass(frozen=True)
class Group:
    """Jobs that ended alike: how many, of how many tasks and owners, when first and last, and one of each."""

    fingerprint: str
    error_class: str
    error: str
    jobs: int
    tasks: int
    owners: int
    a_task: str
    an_owner: int | None
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Groups:
    """The most frequent ones, of what was enqueued since `since`: nothing older was looked at. None: of all."""

    groups: list[Group]
    since: datetime | None


def groups(jobs: JobQuerySet, text: str = "", most: int = MOST, *, owner_id: int | None = None) -> Groups:
    """The failures among the newest of these jobs that went wrong, the most frequent first.

    Args:
        owner_id: Whose they are, if they are all of one owner.

    Raises:
        BadQuery: of the text.
    """
    failed = Word("status", "", tuple(FAILURES))
    looked = query.look(jobs.filter(status__in=FAILURES), text, narrowed=[failed], owner_id=owner_id)
    found: Any = (
        looked.jobs.order_by()
        .values("fingerprint", "error_class")
        .annotate(
            jobs=Count("pk"),
            tasks=Count("task", distinct=True),
            owners=Count("owner_id", distinct=True),
            a_task=Min("task"),
            an_owner=Min("owner_id"),
            first=Min("finished_at"),
            last=Max("finished_at"),
            error=Max("error"),
        )
        .order_by("-jobs", "-last", "fingerprint", "error_class")
    )
    return Groups([Group(**group) for group in found[:most]], looked.ends)
