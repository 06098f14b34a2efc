"""Why a job has not run, over REST."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from jobs import why
from jobs.api import access
from jobs.api.responses import ok
from jobs.api.view import ApiView


class Why(ApiView):
    """Every gate between a job and a worker, and the first that is shut. Only staff see what names other jobs."""

    def get(self, request: Request, job_id: str) -> Response:
        found = why.explain(access.visible_job(request.user, job_id))
        return ok(found.as_dict(details=request.user.is_staff), message=found.text)
