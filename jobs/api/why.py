"""Why a job has not run, over REST."""

from __future__ import annotations

from typing import Any, NotRequired

from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import access, why
from jobs.access import Verb
from jobs.api.access import visible_job
from jobs.api.responses import ok
from jobs.api.schema import described
from jobs.api.shapes import JobId
from jobs.api.view import ApiView
from jobs.models import JobStatus


class GateRow(TypedDict):
    """`detail` may name other jobs, and is for staff."""

    name: str
    shut: bool
    text: str
    remedy: str
    detail: NotRequired[dict[str, Any]]


class Reasons(TypedDict):
    """`in_the_way`: the first gate that is shut. `ahead`: jobs that go first. `estimate`: seconds."""

    job_id: JobId
    status: JobStatus
    in_the_way: GateRow | None
    gates: list[GateRow]
    ahead: int | None
    estimate: float | None


class Why(ApiView):
    """Every gate between a job and a worker, and the first that is shut.

    What names other jobs is for those with a role on its queue.
    """

    @described("explain_job", "Why has it not run?", Reasons)
    def get(self, request: Request, job_id: str) -> Response:
        job = visible_job(request.user, job_id)
        found = why.explain(job)
        return ok(found.as_dict(details=access.may(request.user, Verb.SEE, job.queue)), message=found.text)
