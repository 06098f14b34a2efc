"""Failures over REST: what goes wrong, grouped by errors that are alike."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import failures
from jobs.access import only_own
from jobs.api import access, parsing
from jobs.api.responses import ok
from jobs.api.schema import SEARCH, described, limit
from jobs.api.shapes import Time, epoch
from jobs.api.view import ApiView

LARGEST = 100


class FailureRow(TypedDict):
    """Jobs that failed alike. `q` finds them."""

    fingerprint: str | None
    error_class: str | None
    error: Annotated[str | None, Field(description="One of them.")]
    jobs: int
    tasks: int
    owners: int
    first: Time | None
    last: Time | None
    q: Annotated[str | None, Field(examples=["fingerprint:6e3ec7b935821f0c"])]


class FailureRows(TypedDict):
    """Of the newest 10,000 jobs that went wrong, which go back to `since`; null where they are all."""

    failures: list[FailureRow]
    since: Time | None


class FailureList(ApiView):
    """Failed and dead jobs that the user may see, grouped, the most frequent first."""

    @described(
        "list_failures",
        "Failures, grouped by errors that are alike",
        FailureRows,
        parameters=[SEARCH, limit(LARGEST, failures.MOST)],
    )
    def get(self, request: Request) -> Response:
        most = parsing.whole(request, "limit", failures.MOST, LARGEST)
        jobs, text = access.visible_jobs(request.user), request.query_params.get("q", "")
        found = failures.groups(jobs, text, most, owner_id=only_own(request.user))
        rows = [_row(group) for group in found.groups]
        return ok({"failures": rows, "since": epoch(found.since)}, message="Failures listed")


def _row(group: failures.Group) -> FailureRow:
    return {
        "fingerprint": group.fingerprint or None,
        "error_class": group.error_class or None,
        "error": group.error or None,
        "jobs": group.jobs,
        "tasks": group.tasks,
        "owners": group.owners,
        "first": epoch(group.first),
        "last": epoch(group.last),
        "q": f"fingerprint:{group.fingerprint}" if group.fingerprint else None,
    }
