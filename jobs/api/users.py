"""A user's jobs over REST."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import access, details, parsing
from jobs.api.parsing import BIGGEST_ID
from jobs.api.responses import ok
from jobs.api.shapes import job_row
from jobs.api.view import ApiView
from jobs.models import Job

LIMIT = 20
LARGEST = 100


class RecentJobs(ApiView):
    """A user's newest jobs: their own, or anybody's for staff."""

    def get(self, request: Request, user_id: str) -> Response:
        owner_id = parsing.number("user_id", user_id, 0, BIGGEST_ID)
        access.check_list_of(request.user, owner_id)
        limit = parsing.whole(request, "limit", LIMIT, LARGEST)
        jobs = Job.objects.filter(owner_id=owner_id).newest_first().defer("workflow")[:limit]
        rows = [job_row(job) | details.of(job) for job in jobs]
        return ok({"user_id": owner_id, "jobs": rows, "count": len(rows)}, message="Recent jobs retrieved")
