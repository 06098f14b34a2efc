"""Runs what is due in this process: through the ledger, the real claim, run and settling, in order."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from unittest import mock

from django.db.models import Min

from jobs import batches, clock, direct, doorbell, executor, holding, lifecycle, registry, schedule
from jobs.models import WAITING, Job, JobStatus
from jobs.outcomes import Again, Doubtful, Failed, Outcome
from jobs.queues import QUEUES
from jobs.testing import frozen
from jobs.testing.crashing import Crashed

AT_MOST = 1_000


@dataclass(frozen=True)
class Ran:
    """One run: the job as it stood after it, and how it ended. None: its process crashed."""

    job: Job
    outcome: Outcome | None


def drain(*queues: str, check: bool = True, skip_waits: bool = False, at_most: int = AT_MOST) -> list[Ran]:
    """Run due jobs, of these queues or of all, and what they enqueue, until nothing is due. Batches and schedules too.

    Args:
        check: Fail at the first run that ends in an error or in doubt, with its traceback.
        skip_waits: When nothing is due, let the frozen clock go on to the next delay or retry that is.
        at_most: Runs after which it is an endless loop.

    Returns:
        Every run, in order.

    Raises:
        AssertionError: a run failed, or there is no end.
    """
    wanted = queues or tuple(QUEUES)
    ran: list[Ran] = []
    passed_over: set[uuid.UUID] = set()
    with no_ringing():
        while job_id := _next(wanted, passed_over, skip_waits):
            if len(ran) == at_most:
                raise AssertionError(_endless(ran))
            run = _run(job_id)
            if run is None:  # it waits behind another of its key
                passed_over.add(job_id)
                continue
            passed_over.clear()
            ran.append(run)
            if check:
                _check(run)
    return ran


def run_job(job: Job) -> Job:
    """Run one job that waits, whatever else is due; a frozen clock goes on to its time. The job is refreshed.

    Raises:
        AssertionError: it does not wait, or not yet long enough, or is paused.
    """
    job.refresh_from_db()
    if job.status in WAITING and frozen.is_stopped():
        frozen.current().advance_to(job.run_at)
    with no_ringing():
        ran = _run(job.pk)
    job.refresh_from_db()
    if ran is None:
        raise AssertionError(f"{job.task} is {job.status}, not before {job.run_at:%c}; it is {clock.now():%c}.")
    return job


@contextmanager
def no_ringing() -> Iterator[None]:
    """Enqueue without telling any broker, there or not."""
    with mock.patch.object(doorbell, "is_willing", return_value=False):
        yield


def _next(queues: Sequence[str], passed_over: Collection[uuid.UUID], skip_waits: bool) -> uuid.UUID | None:
    """The job that is due now and comes first; at the end of the waits, if they are to be skipped."""
    while True:
        due = direct.due(queues).exclude(pk__in=passed_over).order_by("priority", "run_at", "id")
        job_id = due.values_list("pk", flat=True).first()
        if job_id or not (_chores() or (skip_waits and _skip(queues))):
            return job_id


def _chores() -> int:
    """What the dispatcher would do now. Returns how much there was."""
    return lifecycle.expire_overdue() + schedule.run_once() + batches.run_once() + holding.run_once()


def _skip(queues: Sequence[str]) -> bool:
    """Go on to when the next job is due."""
    later = Job.objects.filter(queue__in=queues, task__in=registry.known(), status__in=WAITING, held=None)
    next_at = later.aggregate(at=Min("run_at"))["at"]
    return next_at is not None and frozen.current().advance_to(next_at)


def _run(job_id: uuid.UUID) -> Ran | None:
    try:
        outcome = executor.run(job_id)
    except Crashed as crash:
        _rescue(job_id, crash)
        return Ran(Job.objects.get(pk=job_id), None)
    return Ran(Job.objects.get(pk=job_id), outcome) if outcome else None


def _rescue(job_id: uuid.UUID, crash: Crashed) -> None:
    """As the dispatcher does when a worker's process is gone."""
    job = Job.objects.get(pk=job_id)
    if job.status == JobStatus.PROCESSING:
        lifecycle.rescue(job, f"its process {crash}", died=True)


def _check(ran: Ran) -> None:
    match ran.outcome:
        case Again(report) | Failed(report) | Doubtful(report):
            job, why = ran.job, report.error or report.reason
            what = f"{job.task} {job.arguments} is {job.status} after attempt {job.attempt}: {why}"
            raise AssertionError(f"{what}\n{report.traceback}\nTo look at it yourself: drain(check=False).")


def _endless(ran: Sequence[Ran]) -> str:
    tasks = Counter(run.job.task for run in ran)
    often = ", ".join(f"{name} ({count})" for name, count in tasks.most_common(3))
    return (
        f"{len(ran)} runs and more is due: {often}. A task that snoozes for no time, or enqueues itself, never ends; "
        "if there are so many, raise at_most."
    )
