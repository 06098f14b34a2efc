"""Progress and status by server-sent events: one job's, or those of all jobs that the user may see.

The view itself is an ordinary one, with the login and the limits of all others; what it answers is written by the event
loop for as long as the client listens.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework import exceptions
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request

from jobs import changes, clock
from jobs.api import access
from jobs.api.schema import described, parameter
from jobs.api.view import ApiView
from jobs.api.watching import Hub, Watcher, encoded

HEARTBEAT = 15.0  # seconds
LASTS = 300.0  # seconds; then the client asks again, and is asked again who it is
RETRY = 2_000  # milliseconds until a client does
MOST = 10  # streams of a user in a web process
OLDEST = 3_600.0  # seconds that a client may have been away and still be told what it missed
RESTS = {"list": 10.0, "job": 1.0}  # seconds, the least, between two looks of a page while there is news all the time
WORK = {"list": 0.15, "job": 0.05}  # seconds of a processor that a look takes
SHARE = 0.4  # of a processor, for the looks of all pages that are open here

MEDIA_TYPE = "text/event-stream"
STREAM = {
    "type": "object",
    "description": "One event. The data of `job` is a job as JSON, of others an empty object.",
    "required": ["event", "data"],
    "properties": {
        "event": {"type": "string", "enum": ["job", "open", "reset"]},
        "id": {"type": "string", "pattern": "^[0-9]+$"},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
LAST = OpenApiParameter(
    "Last-Event-ID",
    {"type": "string", "pattern": r"^[0-9]{1,14}$"},
    OpenApiParameter.HEADER,
    description="The `id` of the last event seen: what has changed since comes first.",
)

SINCE = parameter(
    "since",
    {"type": "string", "pattern": r"^[0-9]{1,14}$"},
    "The same for the first time: when your page was made, in milliseconds.",
)

_open: dict[int, weakref.WeakSet[Watcher]] = defaultdict(weakref.WeakSet)


class TooManyStreams(exceptions.Throttled):
    default_detail = f"{MOST} streams are open already. Close one."


class AnyAccept(BaseContentNegotiation):
    """`EventSource` asks for events, and errors are JSON all the same."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class JobEvents(ApiView):
    """One job: how it is now, then every change."""

    content_negotiation_class = AnyAccept

    @described("watch_job", "Follow one job", STREAM, media_type=MEDIA_TYPE)
    def get(self, request: Request, job_id: str) -> StreamingHttpResponse:
        job = access.visible_job(request.user, job_id)
        watcher = Watcher(request.user.pk or 0, access.visible_jobs(request.user), job.pk)
        watcher.told = changes.state(job)
        return _stream(watcher, _message("job", encoded(job)))


class AllEvents(ApiView):
    """Every job that the user may see, as it changes."""

    content_negotiation_class = AnyAccept

    @described(
        "watch_jobs",
        "Follow all jobs that you may see",
        STREAM,
        media_type=MEDIA_TYPE,
        parameters=[SINCE],
        headers=[LAST],
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        watcher = Watcher(request.user.pk or 0, access.visible_jobs(request.user))
        last = request.headers.get("Last-Event-ID") or request.query_params.get("since")
        return _stream(watcher, _missed(watcher, last))


def rest(kind: str) -> float:
    """Seconds that a page lets pass between two looks: longer, the more of them are open."""
    streams = sum(len(each) for each in list(_open.values()))
    return max(RESTS[kind], round(streams * WORK[kind] / SHARE, 1))


def _stream(watcher: Watcher, first: str) -> StreamingHttpResponse:
    streams = _open[watcher.user_id]
    if len(streams) >= MOST:
        raise TooManyStreams(wait=int(RETRY / 1000))
    streams.add(watcher)
    headers = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
    return StreamingHttpResponse(_events(watcher, first), content_type=MEDIA_TYPE, headers=headers)


async def _events(watcher: Watcher, first: str) -> AsyncIterator[str]:
    hub = Hub.here()
    hub.join(watcher)
    ends = time.monotonic() + LASTS
    try:
        yield f"retry: {RETRY}\n\n{first}"
        while (left := ends - time.monotonic()) > 0:
            try:
                await asyncio.wait_for(watcher.ready.wait(), min(HEARTBEAT, left))
            except TimeoutError:
                yield ": still here\n\n"
                continue
            yield _take(watcher)
    finally:
        hub.leave(watcher)
        _open[watcher.user_id].discard(watcher)


def _take(watcher: Watcher) -> str:
    """All that is new, the time of the look as each event's id."""
    watcher.ready.clear()
    news, too_much = list(watcher.news.values()), watcher.too_much
    watcher.news, watcher.too_much = {}, False
    if too_much:
        return _message("reset", "{}", watcher.at)
    return "".join(_message("job", text, watcher.at) for text in news)


def _missed(watcher: Watcher, last: str | None) -> str:
    """What has changed since the client was here, or that it has to look by itself."""
    now = clock.now()
    opened = _message("open", "{}", now)
    if last is None:
        return opened
    moment = _moment(last)
    recent = moment and (now - moment).total_seconds() < OLDEST
    ids = changes.since(moment) if moment and recent else None
    if ids is None:
        return _message("reset", "{}", now) + opened
    running = changes.running()
    if len(running) > changes.MOST:
        return _message("reset", "{}", now) + opened
    rows = changes.rows(changes.seen_by(watcher.jobs, {*ids, *running}))
    return "".join(_message("job", encoded(job), now) for job in rows.values()) + opened


def _moment(last: str) -> datetime | None:
    if not (last.isascii() and last.isdigit() and len(last) <= 14):
        return None
    return datetime.fromtimestamp(int(last) / 1000, UTC)


def _message(event: str, data: str, at: datetime | None = None) -> str:
    # Only a time: a running number would tell how much others do.
    identifier = f"id: {int(at.timestamp() * 1000)}\n" if at else ""
    return f"event: {event}\n{identifier}data: {data}\n\n"
