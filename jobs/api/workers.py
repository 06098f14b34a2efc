"""Workers over REST."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs.api import access
from jobs.api.responses import ok
from jobs.api.schema import described
from jobs.api.shapes import JobId, Queue, Task, Time, epoch
from jobs.api.view import ApiView
from jobs.workers import Working, working


class RunningJob(TypedDict):
    job_id: JobId
    task: Task
    started_at: Time | None


class WorkerRow(TypedDict):
    """`slots`: how many jobs it runs at once. `stuck`: it lives and begins nothing, unlike the others of its queues."""

    name: str
    queues: list[Queue]
    slots: int
    started_at: Time | None
    heard_at: Time | None
    stopping: bool
    stuck: bool
    jobs: list[RunningJob]


class WorkerRows(TypedDict):
    workers: list[WorkerRow]


class WorkerList(ApiView):
    """The workers and what each runs. For staff."""

    @described("list_workers", "Workers, and what each runs", WorkerRows)
    def get(self, request: Request) -> Response:
        access.check_platform(request.user)
        return ok({"workers": [worker_row(worker) for worker in working()]}, message="Workers listed")


def worker_row(worker: Working) -> WorkerRow:
    return {
        "name": worker.beat.name,
        "queues": worker.beat.queues,
        "slots": worker.beat.slots,
        "started_at": epoch(worker.beat.started_at),
        "heard_at": epoch(worker.beat.beat_at),
        "stopping": worker.beat.stopping,
        "stuck": worker.is_stuck,
        "jobs": [{"job_id": str(job.pk), "task": job.task, "started_at": epoch(job.started_at)} for job in worker.jobs],
    }
