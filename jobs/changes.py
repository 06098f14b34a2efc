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
RUNNING = 5_000  # jobs whose progress is looked at

State = tuple[object, ...]
STATE = (  # what a watcher is told about: two of these differ where there is news
    *("status", "attempt", "failures", "progress_current", "progress_total", "progress_message"),
    *("run_at", "priority", "reason", "error", "cancel_requested_at"),
)


def since(moment: datetime) -> list[uuid.UUID] | None:
    """Jobs that may have changed after a time, but for progress; None where they are too many to tell one by one."""
    after = moment - OVERLAP
    acts = JobEvent.objects.filter(pk__in=JobEvent.objects.order_by("-pk").values("pk")[:LATEST], at__gt=after)
    tries = Attempt.objects.filter(pk__in=Attempt.objects.order_by("-pk").values("pk")[:LATEST], finished_at__gt=after)
    people = Job.objects.of_people().order_by()
    found = people.filter(created_at__gt=after).values_list("pk")
    more = (
        people.filter(status__in=FINAL, finished_at__gt=after).values_list("pk"),
        people.filter(status=JobStatus.IN_DOUBT, finished_at__gt=after).values_list("pk"),
        people.filter(status=JobStatus.PROCESSING, started_at__gt=after).values_list("pk"),
        acts.order_by().values_list("job_id"),
        tries.order_by().values_list("job_id"),
    )
    ids = [row[0] for row in found.union(*more)[: MOST + 1]]
    return ids if len(ids) <= MOST else None


def running() -> dict[uuid.UUID, State]:
    """Jobs that run, up to `RUNNING` of them, as they are now: progress leaves no time behind by which to find it."""
    jobs = Job.objects.of_people().filter(status=JobStatus.PROCESSING).order_by("-pk")
    return {pk: tuple(state) for pk, *state in jobs.values_list("pk", *STATE)[:RUNNING]}


def rows(ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Job]:
    """These jobs as they are now, without what no list shows."""
    return Job.objects.defer("arguments", "workflow").in_bulk(list(ids)) if ids else {}


def seen_by(jobs: JobQuerySet, ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of these ids that are among the jobs that somebody may see."""
    return set(jobs.filter(pk__in=ids).order_by().values_list("pk", flat=True)) if ids else set()


def state(job: Job) -> State:
    return tuple(getattr(job, name) for name in STATE)
