"""Running many jobs again over REST: a preview with a token, then the token."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import again
from jobs.access import only_own
from jobs.again import MOST, Preview, Selection
from jobs.api import access, parsing, previews
from jobs.api.jobs import LAST_EPOCH, JobDetail
from jobs.api.parsing import BIGGEST_ID, Reasoned, Text
from jobs.api.responses import ok
from jobs.api.schema import described
from jobs.api.shapes import JobId, Time, epoch

ACT = "retry"
SHOWN = 100  # jobs whose place another has

Epoch = Annotated[float, Field(ge=0, lt=LAST_EPOCH)]


class RetryWish(Reasoned):
    """Which jobs, with `dry_run`; or the `token` of that preview."""

    q: Annotated[Text, Field(max_length=500)] = ""
    queue: Annotated[Text, Field(max_length=32)] = ""
    task: Annotated[Text, Field(max_length=150)] = ""
    status: Annotated[list[str], Field(max_length=4, examples=[["failed", "dead"]])] | None = None
    fingerprint: Annotated[Text, Field(max_length=16)] = ""
    user_id: Annotated[int, Field(ge=0, le=BIGGEST_ID)] | None = None
    ended_after: Epoch | None = None
    ended_before: Epoch | None = None
    dry_run: Annotated[bool, Field(examples=[True])] = False
    token: Annotated[Text, Field(max_length=4_000)] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = MOST


class CauseRow(TypedDict):
    """Jobs that ended alike, with one of them."""

    fingerprint: str | None
    error_class: str | None
    count: int
    example: JobId
    error: str | None


class RetryPreview(TypedDict):
    """What it would mean. Effects that were made are skipped; unclear ones are asked about first.

    Of the newest 10,000 jobs that ended so, which go back to `since`; null where those are all.
    """

    count: int
    causes: list[CauseRow]
    other_causes: int
    effects_made: int
    effects_unclear: int
    busy: Annotated[int, Field(description="Another of their kind has their place.")]
    since: Time | None
    token: str


class BusyJob(TypedDict):
    job_id: JobId
    holder: JobId


class RetriedMany(TypedDict):
    """What was done. While `left` is not 0, send the token again."""

    retried: int
    busy_count: int
    busy: list[BusyJob]
    left: int


class RetryMany(JobDetail):
    """Runs all jobs again that match; people who are no staff, their own. A job whose own id is "retry" is shown."""

    @described(
        "retry_jobs", "Run many jobs again: a preview, then its token", RetryPreview | RetriedMany, takes=RetryWish
    )
    def post(self, request: Request, job_id: str) -> Response:
        wish = parsing.body_of(request, RetryWish)
        if wish.token is not None:
            return self._retry(request, wish, wish.token)
        if not wish.dry_run:
            raise previews.required()
        selection = _selection(request, wish)
        looked = selection.look(access.steerable_jobs(request.user), owner_id=only_own(request.user))
        preview = again.preview_of(looked)
        token = previews.sign(request, ACT, _chosen(selection), preview.until)
        return ok(_shape(preview, token), message="Nothing is changed yet")

    def _retry(self, request: Request, wish: RetryWish, token: str) -> Response:
        chosen, until = previews.read(request, ACT, token)
        selection = _selection_of(chosen)
        done = again.retry_all(
            selection.jobs(access.steerable_jobs(request.user)),
            by=request.user.get_username(),
            reason=wish.reason,
            limit=wish.limit,
            until=until,
            origin="REST",
            named={name: value for name, value in asdict(selection).items() if value not in ("", None)},
        )
        data: RetriedMany = {
            "retried": done.done,
            "busy_count": len(done.busy),
            "busy": [{"job_id": str(job), "holder": holder} for job, holder in list(done.busy.items())[:SHOWN]],
            "left": done.left,
        }
        return ok(data, message="Jobs run again" if not done.left else "Send the token again for those that are left")


def _selection(request: Request, wish: RetryWish) -> Selection:
    if wish.user_id is not None:
        access.check_list_of(request.user, wish.user_id)
    return Selection(
        q=wish.q,
        queue=wish.queue,
        task=wish.task,
        **({} if wish.status is None else {"statuses": tuple(wish.status)}),
        fingerprint=wish.fingerprint,
        owner_id=wish.user_id,
        ended_after=_moment(wish.ended_after),
        ended_before=_moment(wish.ended_before),
    )


def _chosen(selection: Selection) -> dict[str, Any]:
    return {
        name: value.timestamp() if isinstance(value, datetime) else value for name, value in asdict(selection).items()
    }


def _selection_of(chosen: dict[str, Any]) -> Selection:
    return Selection(
        **chosen
        | {
            "statuses": tuple(chosen["statuses"]),
            "ended_after": _moment(chosen["ended_after"]),
            "ended_before": _moment(chosen["ended_before"]),
        }
    )


def _shape(preview: Preview, token: str) -> RetryPreview:
    return {
        "count": preview.count,
        "causes": [
            {
                "fingerprint": cause.fingerprint or None,
                "error_class": cause.error_class or None,
                "count": cause.count,
                "example": str(cause.example),
                "error": cause.error or None,
            }
            for cause in preview.causes
        ],
        "other_causes": preview.other_causes,
        "effects_made": preview.effects_made,
        "effects_unclear": preview.effects_unclear,
        "busy": preview.busy,
        "since": epoch(preview.since),
        "token": token,
    }


def _moment(epoch: float | None) -> datetime | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC)
