"""What has changed lately, for everybody who watches: read once for all of them, by indexes, and only while they do.

Nothing is written for it: a worker publishes nothing, so watching costs a job nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from jobs.models import FINAL, Attempt, Job, JobEvent, JobQuerySet, JobStatus

OVERLAP = timedelta(seconds=3)  # what is written may be committed a little later
MOST = 500  # changes of one look; more are "look again"
LATEST = 500  # operators' acts, and attempts, that one look goes through

State = tuple[object, ...]


def since(moment: datetime) -> list[uuid.UUID] | None:
    """Jobs that may have changed after a time, and all that run; None where they are too many to tell one by one."""
    after = moment - OVERLAP
    acts = JobEvent.objects.filter(pk__in=JobEvent.objects.order_by("-pk").values("pk")[:LATEST], at__gt=after)
    tries = Attempt.objects.filter(pk__in=Attempt.objects.order_by("-pk").values("pk")[:LATEST], finished_at__gt=after)
    people = Job.objects.of_people().order_by()
    found = people.filter(created_at__gt=after).values_list("pk")
    more = (
        people.filter(status__in=FINAL, finished_at__gt=after).values_list("pk"),
        people.filter(status=JobStatus.IN_DOUBT, finished_at__gt=after).values_list("pk"),
        people.filter(status=JobStatus.PROCESSING).values_list("pk"),
        acts.order_by().values_list("job_id"),
        tries.order_by().values_list("job_id"),
    )
    ids = [row[0] for row in found.union(*more)[: MOST + 1]]
    return ids if len(ids) <= MOST else None


def rows(ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Job]:
    """These jobs as they are now, without what no list shows."""
    return Job.objects.defer("arguments", "workflow").in_bulk(list(ids)) if ids else {}


def seen_by(jobs: JobQuerySet, ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of these ids that are among the jobs that somebody may see."""
    return set(jobs.filter(pk__in=ids).order_by().values_list("pk", flat=True)) if ids else set()


def state(job: Job) -> State:
    """What a watcher is told about: two of these differ where there is news."""
    return (
        job.status,
        job.attempt,
        job.failures,
        job.progress_current,
        job.progress_total,
        job.progress_message,
        job.run_at,
        job.priority,
        job.reason,
        job.error,
        job.cancel_requested_at,
    )
