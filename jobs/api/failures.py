"""Failures over REST: what goes wrong, grouped by errors that are alike, and run again in stages."""

from __future__ import annotations

from typing import Annotated

from django.core.exceptions import PermissionDenied
from pydantic import Field
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import access as roles
from jobs import failures, stages
from jobs.access import Verb, only_own
from jobs.api import access, parsing
from jobs.api.parsing import Reasoned
from jobs.api.responses import ok
from jobs.api.schema import SEARCH, described, limit
from jobs.api.shapes import Time, epoch
from jobs.api.view import ApiView
from jobs.models import JobQuerySet, JobStatus
from jobs.stages import Stage, Verdict

LARGEST = 100
NOT_FOUND = "No job that you may see failed so."


class StageWish(Reasoned):
    """`size`: how many, the oldest first; without it a few, and more each time that none failed again.

    `anyway`: go on although some of the last ones failed again, or are not through.
    """

    size: Annotated[int, Field(ge=1, le=stages.SIZES[-1])] | None = None
    anyway: bool = False


class StageRow(TypedDict):
    """Those that you ran again last: how many are in which state. `verdict`: `bad` once some failed again."""

    jobs: int
    counts: dict[JobStatus, int]
    verdict: Verdict
    next_size: int


class CauseOfJobs(TypedDict):
    """Failed and dead jobs of one cause. Effects that were made are skipped; unclear ones are asked about first."""

    fingerprint: str
    count: int
    effects_made: int
    effects_unclear: int
    busy: int
    since: Annotated[Time | None, Field(description="None that is older was counted; null: all were.")]
    stage: StageRow


class StageDone(TypedDict):
    retried: int
    busy_count: Annotated[int, Field(description="Another of their kind has their place.")]
    stage: StageRow


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


class CauseDetail(ApiView):
    """One cause: its jobs, and how those fare that you ran again last."""

    @described("get_failure", "One cause of failures", CauseOfJobs)
    def get(self, request: Request, fingerprint: str) -> Response:
        jobs, stage = _of_cause(request, fingerprint), stages.last(request.user, fingerprint)
        preview = stages.preview(jobs, fingerprint, owner_id=only_own(request.user))
        if not preview.count and not stage.ids:
            raise NotFound(NOT_FOUND)
        data: CauseOfJobs = {
            "fingerprint": fingerprint,
            "count": preview.count,
            "effects_made": preview.effects_made,
            "effects_unclear": preview.effects_unclear,
            "busy": preview.busy,
            "since": epoch(preview.since),
            "stage": stage_row(stage),
        }
        return ok(data, message="Cause retrieved")


class CauseStage(ApiView):
    """Runs a few again, and more each time that none failed again. For who may run them again one by one."""

    @described("run_stage", "Run a cause's jobs again, a few first", StageDone, takes=StageWish)
    def post(self, request: Request, fingerprint: str) -> Response:
        jobs = _of_cause(request, fingerprint)
        if not jobs.exists():
            raise NotFound(NOT_FOUND)
        steered = jobs.filter(roles.reach(request.user, Verb.RETRY))
        if not steered.exists():
            raise PermissionDenied
        wish = parsing.body_of(request, StageWish)
        done = stages.run_next(
            steered,
            fingerprint,
            wish.size,
            user=request.user,
            anyway=wish.anyway,
            reason=wish.reason,
            origin="REST",
        )
        data: StageDone = {
            "retried": done.done,
            "busy_count": len(done.busy),
            "stage": stage_row(stages.last(request.user, fingerprint)),
        }
        return ok(data, message="Look how these fare before more go")


def _of_cause(request: Request, fingerprint: str) -> JobQuerySet:
    if "\x00" in fingerprint:
        raise NotFound(NOT_FOUND)
    return access.visible_jobs(request.user).filter(fingerprint=fingerprint, status__in=failures.FAILURES)


def stage_row(stage: Stage) -> StageRow:
    return {
        "jobs": len(stage.ids),
        "counts": {JobStatus(status): count for status, count in stage.counts.items()},
        "verdict": stage.verdict,
        "next_size": stage.next_size,
    }


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
