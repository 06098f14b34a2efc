"""Says of a request that asks for it how many statements it took, and how many of these read all jobs."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from benchmarks import plans

ASK, QUERIES, SCANS = "Bench-Look", "Bench-Queries", "Bench-Scans"


class Looking:
    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if ASK not in request.headers:
            return self.get_response(request)
        with plans.watched() as statements:
            response = self.get_response(request)
        response.headers[QUERIES] = str(len(statements.asked))
        response.headers[SCANS] = str(len(statements.scans()))
        return response
