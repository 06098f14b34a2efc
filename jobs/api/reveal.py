"""What is masked, over REST: for admins of the job's queue, with a reason that is kept."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import revealing
from jobs.access import Verb
from jobs.api import access, parsing
from jobs.api.parsing import Reasoned
from jobs.api.responses import ok
from jobs.api.schema import described
from jobs.api.scopes import Scope
from jobs.api.shapes import JobId
from jobs.api.view import ApiView


class RevealedJob(TypedDict):
    job_id: JobId
    args: dict[str, Any]
    result: Annotated[Any, Field(description="What the task returned, once it has completed.")]


class JobReveal(ApiView):
    """A job's arguments and result with nothing masked. Takes a `reason`; who asked is recorded, each time.

    An `Idempotency-Key` changes nothing here: what was shown is kept nowhere.
    """

    scope: ClassVar[Scope] = Scope.ADMIN
    keeps_answers: ClassVar[bool] = False

    @described("reveal_job", "Show what is masked of a job", RevealedJob, takes=Reasoned)
    def post(self, request: Request, job_id: str) -> Response:
        job = access.steerable_job(request.user, Verb.REVEAL, job_id)
        reason = parsing.body_of(request, Reasoned).reason
        told = revealing.reveal(job, by=request.user.get_username(), reason=reason, origin="REST")
        data: RevealedJob = {"job_id": str(job.pk), "args": told.arguments, "result": told.result}
        return ok(data, message="Revealed: it is recorded who asked, and why")
