"""Running many jobs again over REST: a preview with a token, then the token."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from django.core import signing
from pydantic import Field
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import services
from jobs.again import MOST, Preview, Selection
from jobs.api import access, parsing
from jobs.api.jobs import LAST_EPOCH, JobDetail
from jobs.api.parsing import BIGGEST_ID, Reasoned, Text
from jobs.api.responses import ok

SALT = "jobs.retry"
VALID_FOR = 3_600  # seconds
SHOWN = 100  # jobs whose place another has

Epoch = Annotated[float, Field(ge=0, lt=LAST_EPOCH)]


class Wish(Reasoned):
    """What `POST /api/jobs/retry` takes: which jobs, with `dry_run`; or the `token` of that preview."""

    queue: Annotated[Text, Field(max_length=32)] = ""
    task: Annotated[Text, Field(max_length=150)] = ""
    status: Annotated[list[str], Field(max_length=4)] | None = None
    fingerprint: Annotated[Text, Field(max_length=16)] = ""
    user_id: Annotated[int, Field(ge=0, le=BIGGEST_ID)] | None = None
    ended_after: Epoch | None = None
    ended_before: Epoch | None = None
    dry_run: bool = False
    token: Annotated[Text, Field(max_length=4_000)] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = MOST


class RetryMany(JobDetail):
    """Runs all jobs again that match; people who are no staff, their own. A job whose own id is "retry" is shown."""

    def post(self, request: Request, job_id: str) -> Response:
        wish = parsing.body_of(request, Wish)
        if wish.token is not None:
            return self._retry(request, wish, wish.token)
        if not wish.dry_run:
            text = "Ask with dry_run: true first, look at the answer, then send its token."
            raise exceptions.ValidationError({"token": text})
        selection = _selection(request, wish)
        preview = services.preview_retry(selection)
        return ok(_shape(preview) | {"token": _token(request, selection, preview)}, message="Nothing is changed yet")

    def _retry(self, request: Request, wish: Wish, token: str) -> Response:
        selection, until = _of_token(request, token)
        by = request.user.get_username()
        done = services.retry_many(selection, by=by, reason=wish.reason, limit=wish.limit, until=until, origin="REST")
        busy = [{"job_id": str(job), "holder": holder} for job, holder in list(done.busy.items())[:SHOWN]]
        data = {"retried": done.done, "busy_count": len(done.busy), "busy": busy, "left": done.left}
        return ok(data, message="Jobs run again" if not done.left else "Send the token again for those that are left")


def _selection(request: Request, wish: Wish) -> Selection:
    owner_id = wish.user_id if request.user.is_staff else request.user.pk
    if wish.user_id is not None:
        access.check_list_of(request.user, wish.user_id)
    return Selection(
        queue=wish.queue,
        task=wish.task,
        **({} if wish.status is None else {"statuses": tuple(wish.status)}),
        fingerprint=wish.fingerprint,
        owner_id=owner_id,
        ended_after=_moment(wish.ended_after),
        ended_before=_moment(wish.ended_before),
    )


def _token(request: Request, selection: Selection, preview: Preview) -> str:
    """What was previewed, for this user alone, so that it cannot become more in between."""
    chosen = {
        name: value.timestamp() if isinstance(value, datetime) else value for name, value in asdict(selection).items()
    }
    return signing.dumps({"user": request.user.pk, "until": preview.until.isoformat(), "of": chosen}, salt=SALT)


def _of_token(request: Request, token: str) -> tuple[Selection, datetime]:
    try:
        said = signing.loads(token, salt=SALT, max_age=VALID_FOR)
    except signing.BadSignature:
        said = {}
    if said.get("user") != request.user.pk:
        raise exceptions.ValidationError({"token": "No valid token of yours. Ask with dry_run: true for one."})
    chosen = said["of"] | {
        "statuses": tuple(said["of"]["statuses"]),
        "ended_after": _moment(said["of"]["ended_after"]),
        "ended_before": _moment(said["of"]["ended_before"]),
    }
    return Selection(**chosen), datetime.fromisoformat(said["until"])


def _shape(preview: Preview) -> dict[str, Any]:
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
    }


def _moment(epoch: float | None) -> datetime | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC)
