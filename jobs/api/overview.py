"""The platform at a glance over REST."""

from __future__ import annotations

from typing import Annotated, Literal

from django.core.exceptions import PermissionDenied
from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import access, overview
from jobs.access import Verb
from jobs.api import parsing
from jobs.api.controls import ControlRow, control_row
from jobs.api.queues import Lately, lately
from jobs.api.responses import ok
from jobs.api.schema import described, parameter
from jobs.api.shapes import Queue, Time, epoch
from jobs.api.view import ApiView
from jobs.overview import QueueLine
from jobs.throughput import PERIODS, Point


class PointRow(Lately):
    """A point of the charts: what ended from `at` on."""

    at: Time | None


class LineRow(TypedDict):
    """`oldest_due_at`: since when the job is due that has waited longest."""

    queue: Queue
    state: Literal["ok", "paused", "no worker", "silent"]
    waiting: int
    delayed: int
    running: int
    oldest_due_at: Time | None
    workers: int
    slots: int
    free: int
    recent: Lately
    points: list[PointRow]


class PartRow(TypedDict):
    name: Annotated[str, Field(examples=["Dispatcher"])]
    good: bool
    text: str


class FindingRow(TypedDict):
    """What is wrong, and what to do. `bad`: jobs do not run, or do not succeed, until it is done."""

    name: str
    text: str
    remedy: str
    bad: bool


class OverviewRow(TypedDict):
    """`trouble` counts no further than 1,000 of each."""

    period: Literal["hour", "day", "week"]
    queues: list[LineRow]
    trouble: Annotated[dict[str, int], Field(examples=[{"failed": 2, "dead": 0, "in_doubt": 1}])]
    quarantined: int
    paused: list[ControlRow]
    parts: list[PartRow]
    findings: list[FindingRow]


class OverviewDetail(ApiView):
    """Of the queues on which the user has a role."""

    @described(
        "get_overview",
        "The platform at a glance",
        OverviewRow,
        parameters=[
            parameter("period", {"type": "string", "enum": list(PERIODS), "default": "hour"}, "Of what ended.")
        ],
    )
    def get(self, request: Request) -> Response:
        if not access.may_somewhere(request.user, Verb.SEE):
            raise PermissionDenied
        period = (parsing.choices(request, "period", PERIODS) or ["hour"])[0]
        seen = overview.seen_by(request.user, period)
        data = {
            "period": seen.period,
            "queues": [_line(line) for line in seen.queues],
            "trouble": {str(status): count for status, count in seen.trouble.items()},
            "quarantined": seen.quarantined,
            "paused": [control_row(control) for control in seen.paused],
            "parts": [{"name": part.name, "good": part.good, "text": part.text} for part in seen.parts],
            "findings": [
                {"name": one.name, "text": one.text, "remedy": one.remedy, "bad": one.bad} for one in seen.findings
            ],
        }
        return ok(data, message="Overview made")


def _line(line: QueueLine) -> LineRow:
    return {
        "queue": line.name,
        "state": line.health.state,
        "waiting": line.waiting,
        "delayed": line.delayed,
        "running": line.running,
        "oldest_due_at": epoch(line.oldest),
        "workers": line.health.workers,
        "slots": line.health.slots,
        "free": line.health.free,
        "recent": lately(line.recent),
        "points": [_point(point) for point in line.points],
    }


def _point(point: Point) -> PointRow:
    return {"at": epoch(point.at), **lately(point)}
