"""One id from a request to everything that came of it: jobs, their children, log lines, answers."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import structlog
from django.http import HttpRequest, HttpResponse

HEADER = "X-Correlation-ID"
_ACCEPTABLE = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_current: ContextVar[str] = ContextVar("correlation_id", default="")


def current() -> str:
    """The id in force here; a new one where there is none."""
    return _current.get() or uuid.uuid4().hex


@contextmanager
def correlated(correlation_id: str) -> Iterator[None]:
    token = _current.set(correlation_id)
    try:
        with structlog.contextvars.bound_contextvars(correlation_id=correlation_id):
            yield
    finally:
        _current.reset(token)


def acceptable(correlation_id: str) -> bool:
    """Whether a stranger's id is short and plain enough to be logged and stored."""
    return bool(_ACCEPTABLE.fullmatch(correlation_id))


class CorrelationMiddleware:
    """Takes the request's id, or makes one, and gives it back with the answer."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        correlation_id = given if acceptable(given) else uuid.uuid4().hex
        with correlated(correlation_id):
            response = self.get_response(request)
        response.headers[HEADER] = correlation_id
        return response
