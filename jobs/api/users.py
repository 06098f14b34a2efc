"""A user's jobs over REST."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs.api import access, details, parsing
from jobs.api.parsing import BIGGEST_ID
from jobs.api.responses import ok
from jobs.api.schema import described, limit
from jobs.api.shapes import JobRow, job_row
from jobs.api.view import ApiView

LIMIT = 20
LARGEST = 100


class RecentRows(TypedDict):
    user_id: int
    jobs: list[JobRow]
    count: int


class RecentJobs(ApiView):
    """A user's newest jobs: their own, or anybody's for staff."""

    @described("list_recent_jobs", "A user's newest jobs", RecentRows, parameters=[limit(LARGEST, LIMIT)])
    def get(self, request: Request, user_id: str) -> Response:
        owner_id = parsing.number("user_id", user_id, 0, BIGGEST_ID)
        access.check_list_of(request.user, owner_id)
        most = parsing.whole(request, "limit", LIMIT, LARGEST)
        jobs = access.visible_jobs(request.user).filter(owner_id=owner_id).newest_first().defer("workflow")[:most]
        rows = [{**job_row(job), **details.of(job)} for job in jobs]
        return ok({"user_id": owner_id, "jobs": rows, "count": len(rows)}, message="Recent jobs retrieved")
