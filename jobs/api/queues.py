"""Queues over REST."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from jobs import services
from jobs.api.responses import ok
from jobs.api.view import ApiView
from jobs.errors import UnknownQueue
from jobs.queues import QUEUE_ALIASES, QUEUES


class QueueStats(ApiView):
    """How many jobs of a queue wait, are delayed, exist, and have an outcome. Counts only, for every user."""

    def get(self, request: Request, queue: str) -> Response:
        name = QUEUE_ALIASES.get(queue, queue)
        if name not in QUEUES:
            known = ", ".join([*QUEUES, *QUEUE_ALIASES])
            raise UnknownQueue(f"Unknown queue {queue[:50]!r}. Queues: {known}.", field="queue")
        return ok({"queue": queue, "stats": services.queue_stats(name)}, message="Queue statistics retrieved")
