"""Queues over REST: whether they are consumed, what waits, what ended lately."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import health, services, throughput
from jobs.access import Verb, may
from jobs.api import access, parsing
from jobs.api.responses import ok
from jobs.api.schema import described, parameter
from jobs.api.shapes import Queue
from jobs.api.view import ApiView
from jobs.errors import UnknownQueue
from jobs.health import QueueHealth
from jobs.queues import QUEUE_ALIASES, QUEUES
from jobs.services import OpenCounts
from jobs.throughput import PERIODS, Recent

Seconds = Annotated[
    float | None, Field(description="A bound that so many stayed below; null without jobs, or past the last bound.")
]


class QueueCounts(TypedDict):
    pending_jobs: Annotated[int, Field(description="They wait and are due.")]
    delayed_jobs: Annotated[int, Field(description="They wait for a later time.")]
    total_jobs: int
    total_results: Annotated[int, Field(description="Those that have an outcome.")]


class QueueStatistics(TypedDict):
    queue: Queue
    stats: QueueCounts


class Lately(TypedDict):
    """What ended in the period."""

    ended: int
    failed: int
    wait_median: Seconds
    wait_95: Seconds
    run_median: Seconds
    run_95: Seconds


class QueueRow(TypedDict):
    """`workers`, `slots`, `free` and `recent` are null for people who are no staff; `counts` are of what they see."""

    queue: Queue
    state: Literal["ok", "paused", "no worker", "silent"]
    counts: OpenCounts
    workers: int | None
    slots: int | None
    free: int | None
    recent: Lately | None


class QueueRows(TypedDict):
    queues: list[QueueRow]
    period: Literal["hour", "day", "week"]


class QueueList(ApiView):
    """Every queue: its state, what waits, and what the last hour, day or week was like."""

    @described(
        "list_queues",
        "Queues: whether they are consumed, what waits, what ended lately",
        QueueRows,
        parameters=[parameter("period", {"type": "string", "enum": list(PERIODS), "default": "hour"}, "Of `recent`.")],
    )
    def get(self, request: Request) -> Response:
        period = (parsing.choices(request, "period", PERIODS) or ["hour"])[0]
        everything = access.sees_platform(request.user)
        recent = throughput.of_queues(PERIODS[period][0]) if everything else {}
        counts = {name: services.open_counts(access.visible_jobs_of(request.user, name)) for name in QUEUES}
        rows = [_row(found, counts[name], recent.get(name)) for name, found in health.queues().items()]
        return ok({"queues": rows, "period": period}, message="Queues listed")


class QueueStats(ApiView):
    """How many jobs of a queue wait, are delayed, exist, and have an outcome. Of those that the user may see.

    In a ledger of more than 20,000 jobs the last two are of every outcome there ever was; of a user's own, those among
    the newest 5,000 in all queues.
    """

    @described("get_queue_stats", "How many jobs a queue has", QueueStatistics)
    def get(self, request: Request, queue: str) -> Response:
        name = QUEUE_ALIASES.get(queue, queue)
        if name not in QUEUES:
            known = ", ".join([*QUEUES, *QUEUE_ALIASES])
            raise UnknownQueue(f"Unknown queue {queue[:50]!r}. Queues: {known}.", field="queue")
        owner_id = None if may(request.user, Verb.SEE, name) else request.user.pk
        stats = services.queue_stats(name, owner_id)
        return ok({"queue": queue, "stats": stats}, message="Queue statistics retrieved")


def _row(found: QueueHealth, counts: OpenCounts, recent: Recent | None) -> QueueRow:
    return {
        "queue": found.queue,
        "state": found.state,
        "counts": asdict(counts),  # type: ignore[typeddict-item]  # as JSON
        "workers": found.workers if recent else None,
        "slots": found.slots if recent else None,
        "free": found.free if recent else None,
        "recent": lately(recent) if recent else None,
    }


def lately(recent: Recent) -> Lately:
    return {
        "ended": recent.ended,
        "failed": recent.failed,
        "wait_median": _finite(recent.wait_median),
        "wait_95": _finite(recent.wait_95),
        "run_median": _finite(recent.run_median),
        "run_95": _finite(recent.run_95),
    }


def _finite(seconds: float | None) -> float | None:
    return None if seconds == float("inf") else seconds
