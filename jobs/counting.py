"""How many jobs a queue has: quick on a full ledger, exact on one that is not."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from jobs.clock import Now
from jobs.models import WAITING, Job, JobQuerySet, JobStatus, Tally
from jobs.queues import limits

FEW = 20_000  # jobs are counted one by one
OF_A_PART = 5_000  # of an owner, where there are more in all: each is looked up


@dataclass
class OpenCounts:
    """Jobs of a queue that wait and are due, that wait for a later time, and that run."""

    waiting: int = 0
    delayed: int = 0
    running: int = 0


def open_counts(jobs: JobQuerySet) -> OpenCounts:
    """What of these jobs, all of one queue, is not ended: two queries that indexes answer."""
    due, later = Count("id", filter=Q(run_at__lte=Now())), Count("id", filter=Q(run_at__gt=Now()))
    waiting = jobs.waiting().aggregate(waiting=due, delayed=later)
    return OpenCounts(**waiting, running=jobs.filter(status=JobStatus.PROCESSING).count())


def queue_stats(queue: str, owner_id: int | None = None) -> dict[str, int]:
    """Jobs of a queue: waiting and due, waiting for a later time, all, and those with an outcome.

    On a ledger of more than `FEW` jobs, an outcome counts as often as there was one, also of a job that is pruned by
    now, and within seconds.

    Args:
        owner_id: Whose; None: everybody's. On such a ledger, of an owner's outcomes the newest `OF_A_PART` are looked
            at, of whatever queue.
    """
    limits(queue)
    jobs = Job.objects.of_people() if owner_id is None else Job.objects.filter(owner_id=owner_id)
    is_full = bool(Job.objects.newest_first().values_list("pk")[FEW : FEW + 1])  # `exists` would forget the order
    if is_full and owner_id is None:
        counted = _outcomes(queue)
    else:
        counted = _with_outcome(queue, jobs, OF_A_PART if is_full else None)
    unfinished = open_counts(jobs.filter(queue=queue))
    return {
        "pending_jobs": unfinished.waiting,
        "delayed_jobs": unfinished.delayed,
        "total_jobs": counted + unfinished.waiting + unfinished.delayed + unfinished.running,
        "total_results": counted,
    }


def _with_outcome(queue: str, jobs: JobQuerySet, newest: int | None) -> int:
    ended = jobs.exclude(status__in=[*WAITING, JobStatus.PROCESSING])
    # The queue is asked of the newest: asked before, the database reads all of an owner's to find those of it.
    among = ended.newest_first()[:newest] if newest else ended
    number: int = among.aggregate(number=Count("pk", filter=Q(queue=queue)))["number"]
    return number


def _outcomes(queue: str) -> int:
    ended: int = Tally.objects.filter(queue=queue).aggregate(sum=Sum("jobs", default=0))["sum"]
    return ended
