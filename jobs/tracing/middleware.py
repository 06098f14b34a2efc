"""A span for each web request, the first of its trace or the next of its caller's."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from jobs import tracing

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
PROBES = {"/healthz", "/readyz", "/workerz", "/metrics"}  # asked every few seconds, and no part of anything


class TracingMiddleware:
    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not tracing.is_on():
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        from jobs.tracing import spans

        if request.path in PROBES:
            return self.get_response(request)
        method = request.method if request.method in METHODS else "_OTHER"  # a stranger may send any word
        with spans.request(method, request.headers):
            response = self.get_response(request)
            match = request.resolver_match
            spans.answered(method, match.route if match else "", response.status_code)
        return response
