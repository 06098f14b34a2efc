"""Batches over REST: how far one is, and cancelling it."""

from __future__ import annotations

import uuid

from rest_framework.request import Request
from rest_framework.response import Response

from jobs import batches
from jobs.api import parsing, shapes
from jobs.api.parsing import Reasoned
from jobs.api.responses import ok
from jobs.api.view import ApiView
from jobs.errors import JobNotFound
from jobs.models import Batch


class BatchDetail(ApiView):
    """How many jobs a batch has, and how they ended so far. Its owner's, or anybody's for staff."""

    def get(self, request: Request, batch_id: uuid.UUID) -> Response:
        return ok(shapes.batch(_visible(request, batch_id)), message="Batch status retrieved")


class BatchCancel(ApiView):
    """Cancels the members that wait, and asks those that run to stop."""

    def post(self, request: Request, batch_id: uuid.UUID) -> Response:
        batch = _visible(request, batch_id)
        reason = parsing.body_of(request, Reasoned).reason
        number = batches.cancel(batch.pk, by=request.user.get_username(), reason=reason)
        batch.refresh_from_db()
        return ok(shapes.batch(batch) | {"cancelled": number}, message="Batch cancelled")


def _visible(request: Request, batch_id: uuid.UUID) -> Batch:
    found = Batch.objects.filter(pk=batch_id)
    if not request.user.is_staff:
        found = found.filter(owner_id=request.user.pk or -1)
    batch = found.first()
    if batch is None:
        raise JobNotFound(f"There is no batch {batch_id}.", field="batch_id", code="BATCH_NOT_FOUND")
    return batch
