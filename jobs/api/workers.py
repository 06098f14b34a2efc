"""Workers over REST: what each runs; stopping one, and how many jobs it runs at once."""

from __future__ import annotations

import uuid
from typing import Annotated, ClassVar

from django.core.exceptions import PermissionDenied
from pydantic import Field
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import access, remote, slots, workers
from jobs.access import Verb
from jobs.api import parsing
from jobs.api.parsing import Reasoned
from jobs.api.responses import ok
from jobs.api.schema import described
from jobs.api.scopes import Scope
from jobs.api.shapes import JobId, Queue, Task, Time, epoch
from jobs.api.view import ApiView
from jobs.models import WorkerBeat
from jobs.workers import Working

Number = Annotated[int, Field(ge=1, le=slots.MOST, examples=[4])]
WorkerId = Annotated[str, Field(examples=["01a2092a-82c2-769a-9611-a26b79d4a12e"])]


class SlotsWish(Reasoned):
    """How many jobs it is to run at once."""

    slots: Number


class RunningJob(TypedDict):
    job_id: JobId
    task: Task
    started_at: Time | None


class WorkerRow(TypedDict):
    """`slots`: how many jobs it runs at once; `kept_slots`: when it starts again, if that was said. `stuck`: it lives
    and begins nothing, unlike the others of its queues. `memory`: bytes, of one on the web process's own machine."""

    worker_id: WorkerId
    name: str
    queues: list[Queue]
    slots: int
    kept_slots: int | None
    pool: str
    version: str
    host: str
    pid: int
    memory: int | None
    started_at: Time | None
    heard_at: Time | None
    stopping: bool
    stuck: bool
    jobs: list[RunningJob]


class WorkerRows(TypedDict):
    workers: list[WorkerRow]


class AskedWorker(TypedDict):
    worker_id: WorkerId
    name: str


class WorkerList(ApiView):
    """Those that work for a queue on which the user has a role, and what each runs."""

    @described("list_workers", "Workers, and what each runs", WorkerRows)
    def get(self, request: Request) -> Response:
        if not access.may_somewhere(request.user, Verb.SEE):
            raise PermissionDenied
        rows = [worker_row(worker) for worker in workers.seen_by(request.user)]
        return ok({"workers": rows}, message="Workers listed")


class WorkerStop(ApiView):
    """It takes no more, and what runs may finish. For operators of every queue that it works for."""

    scope: ClassVar[Scope] = Scope.ADMIN

    @described("stop_worker", "Stop a worker", AskedWorker, takes=Reasoned, status=[202])
    def post(self, request: Request, worker_id: uuid.UUID) -> Response:
        worker = _steerable(request, worker_id)
        reason = parsing.body_of(request, Reasoned).reason
        remote.stop(worker.boot, by=request.user.get_username(), reason=reason, origin="REST")
        return ok(_asked(worker), status=202, message="Worker asked to end once its jobs are through")


class WorkerSlots(ApiView):
    """What runs is not ended: fewer slots are reached as jobs end. For operators of every queue that it works for."""

    scope: ClassVar[Scope] = Scope.ADMIN

    @described("set_slots", "How many jobs a worker runs at once", AskedWorker, takes=SlotsWish, status=[202])
    def post(self, request: Request, worker_id: uuid.UUID) -> Response:
        worker = _steerable(request, worker_id)
        wish = parsing.body_of(request, SlotsWish)
        slots.change(worker.boot, wish.slots, by=request.user.get_username(), reason=wish.reason, origin="REST")
        return ok(_asked(worker), status=202, message=f"Worker asked to run {wish.slots} at once")


def worker_row(worker: Working) -> WorkerRow:
    beat = worker.beat
    return {
        "worker_id": str(beat.boot),
        "name": beat.name,
        "queues": beat.queues,
        "slots": beat.slots,
        "kept_slots": worker.kept.slots if worker.kept else None,
        "pool": beat.pool,
        "version": beat.version,
        "host": beat.host,
        "pid": beat.pid,
        "memory": remote.memory(beat),
        "started_at": epoch(beat.started_at),
        "heard_at": epoch(beat.beat_at),
        "stopping": beat.stopping,
        "stuck": worker.is_stuck,
        "jobs": [{"job_id": str(job.pk), "task": job.task, "started_at": epoch(job.started_at)} for job in worker.jobs],
    }


def _steerable(request: Request, worker_id: uuid.UUID) -> WorkerBeat:
    """One that works for none of the user's queues is as good as none."""
    found = workers.find(request.user, worker_id)
    if found is None:
        raise NotFound(f"There is no worker {worker_id}.")
    if not workers.steered_by(request.user, found.beat):
        raise PermissionDenied
    return found.beat


def _asked(worker: WorkerBeat) -> AskedWorker:
    return {"worker_id": str(worker.boot), "name": worker.name}
