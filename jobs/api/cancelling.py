"""Cancelling many jobs over REST: a preview with a token, then the token."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import query, services
from jobs.access import only_own
from jobs.api import access, parsing, previews
from jobs.api.jobs import JobDetail
from jobs.api.parsing import Reasoned, Text
from jobs.api.responses import ok
from jobs.api.schema import described
from jobs.api.shapes import Time, epoch
from jobs.cancelling import MOST

ACT = "cancel"


class CancelWish(Reasoned):
    """Which jobs, as a search, with `dry_run`; or the `token` of that preview."""

    q: Annotated[Text, Field(max_length=500, examples=["task:send_* status:waiting"])] = ""
    dry_run: Annotated[bool, Field(examples=[True])] = False
    token: Annotated[Text, Field(max_length=4_000)] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = MOST


class TaskCount(TypedDict):
    task: str
    count: int


class CancelPreview(TypedDict):
    """What it would mean. Running jobs are asked to stop; effects that were made stay made.

    Of waiting jobs the newest 10,000 are counted, which go back to `since`; null where those are all.
    """

    count: int
    waiting: int
    running: int
    tasks: list[TaskCount]
    other_tasks: int
    effects_made: int
    effects_begun: int
    since: Time | None
    token: str


class CancelledMany(TypedDict):
    """What was done. While `left` is not 0, send the token again."""

    cancelled: int
    asked: Annotated[int, Field(description="They run, and stop soon.")]
    left: int


class CancelMany(JobDetail):
    """Cancels all open jobs that a search finds; people who are no staff, their own."""

    @described(
        "cancel_jobs", "Cancel many jobs: a preview, then its token", CancelPreview | CancelledMany, takes=CancelWish
    )
    def post(self, request: Request, job_id: str) -> Response:
        wish = parsing.body_of(request, CancelWish)
        if wish.token is not None:
            return self._cancel(request, wish, wish.token)
        if not wish.dry_run:
            raise previews.required()
        if not wish.q.strip():
            raise exceptions.ValidationError({"q": "Say which jobs, such as task:send_email or is:delayed."})
        preview = services.preview_cancel(access.steerable_jobs(request.user), wish.q, owner_id=only_own(request.user))
        data: CancelPreview = {
            "count": preview.count,
            "waiting": preview.waiting,
            "running": preview.running,
            "tasks": [{"task": task, "count": count} for task, count in preview.tasks.items()],
            "other_tasks": preview.other_tasks,
            "effects_made": preview.effects_made,
            "effects_begun": preview.effects_begun,
            "since": epoch(preview.since),
            "token": previews.sign(request, ACT, wish.q, preview.until),
        }
        return ok(data, message="Nothing is changed yet")

    def _cancel(self, request: Request, wish: CancelWish, token: str) -> Response:
        text, until = previews.read(request, ACT, token)
        done = services.cancel_many(
            query.search(access.steerable_jobs(request.user), text),
            by=request.user.get_username(),
            reason=wish.reason,
            limit=wish.limit,
            until=until,
            origin="REST",
            named={"query": text},
        )
        data: CancelledMany = {"cancelled": done.done, "asked": done.asked, "left": done.left}
        return ok(data, message="Jobs cancelled" if not done.left else "Send the token again for those that are left")
