"""Batches over REST: how far each is, and cancelling one."""

from __future__ import annotations

import uuid
from typing import Annotated

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import batches
from jobs.access import Verb
from jobs.api import access, pages, parsing, shapes
from jobs.api.parsing import Reasoned
from jobs.api.responses import ok
from jobs.api.schema import CURSOR, UUID, described, limit, parameter
from jobs.api.shapes import BatchRow
from jobs.api.view import ApiView
from jobs.errors import JobNotFound
from jobs.models import Batch, BatchStatus


class BatchPage(TypedDict):
    batches: list[BatchRow]
    count: int
    next: Annotated[str | None, Field(description="The `cursor` of the next page, if there is one.")]


class CancelledBatch(BatchRow):
    cancelled: Annotated[int, Field(description="Members that were cancelled or asked to stop.")]


class BatchList(ApiView):
    """The user's batches, or all for viewers of all queues, newest first."""

    @described(
        "list_batches",
        "Batches, newest first",
        BatchPage,
        parameters=[
            parameter("status", {"type": "string", "examples": ["open,closed"]}, "One or more, with commas."),
            parameter("parent_id", UUID, "Those within this batch."),
            limit(pages.LARGEST, pages.LIMIT),
            CURSOR,
        ],
    )
    def get(self, request: Request) -> Response:
        visible = access.visible_batches(request.user)
        found = visible
        if statuses := parsing.choices(request, "status", BatchStatus.values):
            found = found.filter(status__in=statuses)
        if parent := request.query_params.get("parent_id"):
            found = found.filter(parent_id=parsing.identifier("parent_id", parent))
        page, following = pages.page_of(found, visible, request)
        rows = [shapes.batch(batch) for batch in page]
        return ok({"batches": rows, "count": len(rows), "next": following}, message="Batches listed")


class BatchDetail(ApiView):
    """How many jobs a batch has, and how they ended so far. Its owner's, or anybody's for viewers of all queues."""

    @described("get_batch", "How far a batch is", BatchRow)
    def get(self, request: Request, batch_id: uuid.UUID) -> Response:
        return ok(shapes.batch(_visible(request, batch_id)), message="Batch status retrieved")


class BatchCancel(ApiView):
    """Cancels the members that wait, and asks those that run to stop."""

    @described("cancel_batch", "Cancel a batch", CancelledBatch, takes=Reasoned)
    def post(self, request: Request, batch_id: uuid.UUID) -> Response:
        batch = _visible(request, batch_id)
        access.check(request.user, Verb.CANCEL, batch)
        reason = parsing.body_of(request, Reasoned).reason
        number = batches.cancel(batch.pk, by=request.user.get_username(), reason=reason)
        batch.refresh_from_db()
        return ok({**shapes.batch(batch), "cancelled": number}, message="Batch cancelled")


def _visible(request: Request, batch_id: uuid.UUID) -> Batch:
    batch = access.visible_batches(request.user).filter(pk=batch_id).first()
    if batch is None:
        raise JobNotFound(f"There is no batch {batch_id}.", field="batch_id", code="BATCH_NOT_FOUND")
    return batch
