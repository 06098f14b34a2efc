"""Jobs come in, wait, and are rung."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest

from jobs import sql
from jobs.clock import Now, aware
from jobs.config import config
from jobs.lifecycle.moves import lock
from jobs.lifecycle.values import Due, NewJob, Written, as_uuid, columns_of, rows_text, short, terms_text
from jobs.models import WAITING, Job, TaskControl

HELD_ROUNDS = 20  # looks in a row past jobs of paused tasks, each of which then is out of the way


def insert(jobs: Sequence[NewJob]) -> list[Written]:
    """Write jobs down in the caller's transaction. One already there, by key or unique slot, is not in the answer."""
    grace = {"grace": config().GRACE}
    if len(jobs) == 1 and connection.vendor == "postgresql":
        rows = sql.fetch("enqueue_one", columns_of(jobs[0]) | grace)
    else:
        rows = []
        for terms, group in groupby(jobs, key=lambda job: job.terms):
            rows += sql.fetch("enqueue", {"terms": terms_text(terms), "rows": rows_text(group)} | grace)
    return [Written(as_uuid(row[0]), *row[1:]) for row in rows]


def ring_due(queue: str, limit: int) -> list[Due]:
    """Stamp up to `limit` due jobs of a queue as rung, and return them most urgent first."""
    parameters: dict[str, Any] = {
        "queue": queue,
        "grace": config().GRACE,
        "grace_limit": config().GRACE_LIMIT,
    }
    due: list[Due] = []
    for _ in range(HELD_ROUNDS):
        room = parameters["limit"] = limit - len(due)
        # SQLite: asked first, since an update takes the one write lock even when it finds nothing.
        if connection.vendor == "sqlite" and not sql.fetch("due", {"queue": queue}):
            break
        rows = sorted(sql.fetch("ring", parameters), key=lambda row: row[:3])
        due += [Due(as_uuid(row[2]), row[3], row[4], row[5], aware(row[6])) for row in rows if row[6]]
        if len(due) == limit or len(rows) < room:
            break
    return due


def wake_held(limit: int) -> int:
    """Give up to `limit` jobs whose task is paused no more their place in the order back. Returns how many."""
    # By the tasks that go on, not by all that is held: a paused task may hold a million.
    going_on = list(TaskControl.objects.filter(paused=False).values_list("name", flat=True))
    held = Job.objects.waiting().filter(task__in=going_on, dispatch_at=None)
    ids = list(held.order_by().values_list("pk", flat=True)[:limit]) if going_on else []
    if not ids:
        return 0
    return Job.objects.filter(pk__in=ids, status__in=WAITING, dispatch_at=None).update(dispatch_at=F("run_at"))


def wake_refused(condition: Q, limit: int) -> int:
    """Make rung jobs due again whose doorbell met a pause that is over. Returns how many."""
    refused = Job.objects.filter(
        condition, status__in=WAITING, rung_at__isnull=False, run_at__lte=Now(), dispatch_at__gt=Now()
    )
    ids = list(refused.order_by().values_list("pk", flat=True)[:limit])
    return Job.objects.filter(pk__in=ids, status__in=WAITING).update(dispatch_at=F("run_at"))


def ring_lost(queue: str, before: datetime, limit: int = 1000) -> int:
    """Make jobs due again whose doorbell, rung before a time, can no longer be on its way."""
    lost = Job.objects.waiting().filter(queue=queue, rung_at__lt=before, run_at__lte=Now(), dispatch_at__gt=Now())
    ids = list(lost.order_by("rung_at").values_list("pk", flat=True)[:limit])
    return (
        Job.objects.filter(pk__in=ids, status__in=WAITING, rung_at__lt=before).update(dispatch_at=Now()) if ids else 0
    )


def not_rung(ids: Sequence[uuid.UUID]) -> None:
    """Jobs whose doorbell the broker did not take: the dispatcher rings next."""
    due = Job.objects.filter(id__in=ids, status__in=WAITING, run_at__lte=Now(), dispatch_at__gt=Now())
    due.update(dispatch_at=Now(), rung_at=None, rings=0)


def leave(job_id: uuid.UUID, reason: str) -> bool:
    """Leave a waiting job, rung in vain, for a worker that knows its task: rung again after a while that grows."""
    with transaction.atomic():
        job: Job | None = lock(Job.objects.filter(pk=job_id, status__in=WAITING, dispatch_at__isnull=False)).first()
        if job is None:
            return False
        pause = min(config().UNKNOWN_GRACE * 2 ** min(max(job.rings, 1) - 1, 20), config().GRACE_LIMIT)
        # Not `rung_at`: an answered doorbell is not lost.
        Job.objects.filter(pk=job_id).update(
            dispatch_at=Greatest(Now(pause), F("run_at")), rung_at=None, reason=short(reason)
        )
    return True
