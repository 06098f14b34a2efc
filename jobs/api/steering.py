"""What may be done to one job beside cancelling and running it again: a copy, another time, its result."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from django.db import transaction
from django.urls import reverse
from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import masking, services
from jobs.access import Verb
from jobs.api import access, parsing
from jobs.api.jobs import LAST_EPOCH
from jobs.api.parsing import Reasoned
from jobs.api.responses import ok
from jobs.api.schema import described
from jobs.api.shapes import JobId, JobRow, job_row
from jobs.api.view import ApiView
from jobs.errors import WrongState
from jobs.models import Job, JobStatus

ORIGIN = "REST"


class Change(Reasoned):
    """`run_at` is in epoch seconds, `delay` in seconds from now; one of the two. `args`: all of them, by name; what a
    job shows masked stays as it is where it is sent back so."""

    run_at: Annotated[float, Field(ge=0, lt=LAST_EPOCH)] | None = None
    delay: Annotated[float, Field(ge=0, lt=10**9, examples=[3600])] | None = None
    priority: Annotated[int, Field(ge=0, le=9)] | None = None
    args: dict[str, Any] | None = None


class Result(TypedDict):
    job_id: JobId
    status: JobStatus
    result: Annotated[Any, Field(description="What the task returned.")]


class JobResult(ApiView):
    """What a completed job returned; 409 for one that has no result, or none yet."""

    @described("get_result", "What a completed job returned", Result, refuses=[409])
    def get(self, request: Request, job_id: str) -> Response:
        job = access.visible_job(request.user, job_id)
        if job.status != JobStatus.COMPLETED:
            raise WrongState(f"Job {job.pk} is {job.status}: only a completed one has a result.", field="status")
        data: Result = {"job_id": str(job.pk), "status": JobStatus(job.status), "result": masking.result(job)}
        return ok(data, message="Result retrieved")


class JobCopy(ApiView):
    """Enqueues the same task with the same arguments once more. For who may enqueue it by name."""

    @described("copy_job", "Run a copy of a job", JobRow, takes=Reasoned, status=[202])
    def post(self, request: Request, job_id: str) -> Response:
        job = access.visible_job(request.user, job_id)
        access.check_enqueue(request.user, job.task, job.arguments, job.owner_id)
        reason = parsing.body_of(request, Reasoned).reason
        made = services.copy(job.pk, by=request.user.get_username(), reason=reason, origin=ORIGIN)
        return ok(
            job_row(made), status=202, message="Copy enqueued", headers={"Location": reverse("api-job", args=[made.pk])}
        )


class JobRunNow(ApiView):
    """Makes a waiting job due at once."""

    @described("run_job_now", "Run a waiting job now", JobRow, takes=Reasoned)
    def post(self, request: Request, job_id: str) -> Response:
        job = access.steerable_job(request.user, Verb.RETRY, job_id)
        reason = parsing.body_of(request, Reasoned).reason
        job = services.run_now(job.pk, by=request.user.get_username(), reason=reason, origin=ORIGIN)
        return ok(job_row(job), message="Job is due")


class JobChange(ApiView):
    """Gives a waiting job another time, or another priority: that is for operators, since it concerns others' jobs; or
    other arguments, for who may enqueue the task with those. All of it, or nothing where one is refused."""

    @described("change_job", "Change the time, the priority or the arguments of a waiting job", JobRow, takes=Change)
    def post(self, request: Request, job_id: str) -> Response:
        job = access.steerable_job(request.user, Verb.RETRY, job_id)
        wish = parsing.body_of(request, Change)
        if wish.priority is not None:
            access.check(request.user, Verb.PAUSE, job.queue)
        if wish.args is not None:
            access.check_enqueue(request.user, job.task, wish.args, job.owner_id)
        return ok(job_row(_changed(job, wish, request.user.get_username())), message="Job changed")


@transaction.atomic
def _changed(job: Job, wish: Change, by: str) -> Job:
    if wish.args is not None:
        job = services.change_arguments(job.pk, wish.args, by=by, reason=wish.reason, origin=ORIGIN)
        if wish.run_at is None and wish.delay is None and wish.priority is None:
            return job
    return services.change(
        job.pk,
        run_at=None if wish.run_at is None else datetime.fromtimestamp(wish.run_at, UTC),
        delay=wish.delay,
        priority=wish.priority,
        by=by,
        reason=wish.reason,
        origin=ORIGIN,
    )
