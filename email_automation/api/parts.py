"""What the addresses of mail share: whose rows they show, pages of them, times."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Model, QuerySet
from pydantic import Field
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from email_automation.models import Message
from jobs.api import parsing
from jobs.api.parsing import BIGGEST_ID
from jobs.api.responses import ok
from jobs.api.schema import limit, parameter
from jobs.models import Job

LIMIT, LARGEST = 50, 200
PAGING = (
    limit(LARGEST, LIMIT),
    parameter("before", {"type": "integer", "minimum": 1, "maximum": BIGGEST_ID}, "The `next` of the page before."),
)

Id = Annotated[int, Field(examples=[7])]
Moment = Annotated[str, Field(description="ISO 8601.", examples=["2026-11-26T09:30:00+00:00"])]
Next = Annotated[int | None, Field(description="The `before` of the next page, if there is one.")]
Row = TypeVar("Row", bound=Model)


class Accepted(TypedDict):
    """The job that does it."""

    job_id: str
    task: str
    queue: str


def user_id(request: Request) -> int:
    return int(request.user.pk or 0)  # the permission class lets nobody in without a login


def person(request: Request) -> AbstractBaseUser:
    """Whom the permission class has let in."""
    assert isinstance(request.user, AbstractBaseUser)
    return request.user


def own(rows: QuerySet[Row], number: int, what: str) -> Row:
    """One of the user's rows.

    Raises:
        NotFound: there is none, or it is somebody else's; nothing in the answer tells which.
    """
    found = rows.filter(pk=min(number, BIGGEST_ID)).first()
    if found is None:
        raise NotFound(f"You have no {what} {number}.")
    return found


def own_messages(request: Request) -> QuerySet[Message]:
    return Message.objects.filter(mailbox__user_id=user_id(request)).select_related("mailbox__user")


def page(rows: QuerySet[Row], request: Request) -> tuple[list[Row], int | None]:
    """A page of rows, newest first, and the `before` that asks for the next one, or None."""
    most = parsing.whole(request, "limit", LIMIT, LARGEST)
    before = begins(request)
    found = list((rows.filter(pk__lt=before) if before else rows).order_by("-pk")[: most + 1])
    return found[:most], found[most - 1].pk if len(found) > most else None


def begins(request: Request) -> int:
    """Before which row the page is; 0 where it is the first one."""
    return parsing.whole(request, "before", 0, BIGGEST_ID)


def accepted(job: Job, message: str) -> Response:
    return ok({"job_id": str(job.pk), "task": job.task, "queue": job.queue}, status=202, message=message)


def iso(moment: datetime | None) -> Any:
    return moment.isoformat() if moment else None
