"""How the platform is, in a few counts that indexes answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q

from jobs.admin.records import state_of
from jobs.clock import Now
from jobs.models import WAITING, Canary, Job, JobStatus, Lease, Quarantine, QueueControl, WorkerBeat
from jobs.queues import QUEUES
from jobs.worker import DISPATCHER

TROUBLE = (JobStatus.FAILED, JobStatus.DEAD, JobStatus.IN_DOUBT)


@dataclass
class QueueLine:
    name: str
    waiting: int = 0
    delayed: int = 0
    oldest: datetime | None = None
    running: int = 0
    workers: int = 0
    slots: int = 0
    control: QueueControl | None = None
    silent_since: datetime | None = None


@dataclass
class Overview:
    queues: list[QueueLine]
    trouble: dict[str, int] = field(default_factory=dict)
    quarantined: int = 0
    dispatcher: bool = False


def overview() -> Overview:
    """One query for each kind of thing, whatever the number of queues."""
    lines = {name: QueueLine(name) for name in QUEUES}
    _count_jobs(lines)
    _count_workers(lines)
    for canary in Canary.objects.filter(queue__in=lines, silent_since__isnull=False):
        lines[canary.queue].silent_since = canary.silent_since
    for control in QueueControl.objects.filter(name__in=lines):
        lines[control.name].control = control
    return Overview(
        queues=list(lines.values()),
        trouble=_trouble(),
        quarantined=Quarantine.objects.count(),
        dispatcher=Lease.objects.filter(name=DISPATCHER, until__gt=Now()).exists(),
    )


def _count_jobs(lines: dict[str, QueueLine]) -> None:
    due = Q(run_at__lte=Now())
    waiting = _by_queue(WAITING).annotate(
        total=Count("pk"), ready=Count("pk", filter=due), oldest=Min("run_at", filter=due)
    )
    for name, count, ready, oldest in waiting:
        if name in lines:
            lines[name].waiting, lines[name].delayed, lines[name].oldest = ready, count - ready, oldest
    for name, count in _by_queue([JobStatus.PROCESSING]).annotate(Count("pk")):
        if name in lines:
            lines[name].running = count


def _by_queue(statuses: Any) -> Any:
    # Each of these sets of statuses has a partial index; together they would have none.
    return Job.objects.of_people().filter(status__in=statuses).order_by().values_list("queue")


def _count_workers(lines: dict[str, QueueLine]) -> None:
    for worker in WorkerBeat.objects.all():
        if state_of(worker)[1] == "alive":
            for name in set(worker.queues) & lines.keys():
                lines[name].workers += 1
                lines[name].slots += worker.slots


def _trouble() -> dict[str, int]:
    counts: Any = Job.objects.filter(status__in=TROUBLE).order_by().values_list("status").annotate(Count("pk"))
    return {status: dict(counts).get(status, 0) for status in TROUBLE}
