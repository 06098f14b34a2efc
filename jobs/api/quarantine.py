"""Messages that were not understood, over REST: seen, and thrown away."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import quarantine
from jobs.access import Verb
from jobs.api import access, numbered, parsing
from jobs.api.parsing import BIGGEST_ID
from jobs.api.responses import ok
from jobs.api.schema import REASON, described
from jobs.api.scopes import Scope
from jobs.api.shapes import Time, epoch
from jobs.api.view import ApiView
from jobs.models import Quarantine


class QuarantineRow(TypedDict):
    """`head`: its first bytes, as text. Anybody may have sent it."""

    message_id: int
    at: Time | None
    queue: str
    reason: str
    size: int
    digest: str
    worker: str
    head: str


class QuarantinePage(TypedDict):
    messages: list[QuarantineRow]
    count: int
    next: Annotated[int | None, Field(description="The `before` of the next page, if there is one.")]


class DeletedMessage(TypedDict):
    message_id: int


class QuarantineList(ApiView):
    """For viewers of all queues: such a message has none that can be believed."""

    @described("list_quarantine", "Messages that were not understood", QuarantinePage, parameters=numbered.PARAMETERS)
    def get(self, request: Request) -> Response:
        access.check_platform(request.user)
        page, following = numbered.page(Quarantine.objects.all(), request)
        rows = [quarantine_row(message) for message in page]
        return ok({"messages": rows, "count": len(rows), "next": following}, message="Quarantine listed")


class QuarantineDetail(ApiView):
    """Thrown away for good; what it was is recorded. For operators of all queues."""

    scope: ClassVar[Scope] = Scope.ADMIN

    @described("delete_quarantined", "Throw a message away", DeletedMessage, parameters=[REASON])
    def delete(self, request: Request, quarantined_id: int) -> Response:
        access.check(request.user, Verb.DELETE, None)
        reason = parsing.text(request, "reason", 300) or ""
        found = Quarantine.objects.filter(pk=min(quarantined_id, BIGGEST_ID))
        if not quarantine.delete(found, by=request.user.get_username(), reason=reason):
            raise NotFound(f"There is no message {quarantined_id} in quarantine.")
        return ok({"message_id": quarantined_id}, message="Message thrown away")


def quarantine_row(message: Quarantine) -> QuarantineRow:
    return {
        "message_id": message.pk,
        "at": epoch(message.at),
        "queue": message.queue,
        "reason": message.reason,
        "size": message.size,
        "digest": message.digest,
        "worker": message.worker,
        "head": message.head,
    }
