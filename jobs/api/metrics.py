"""`/metrics`, for Prometheus: what is counted tells of customers, so that only viewers of all queues read it."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from jobs import access, metrics
from jobs.access import Verb
from jobs.api.view import ApiView


class Metrics(ApiView):
    def get(self, request: Request) -> HttpResponse:
        access.check(request.user, Verb.SEE)
        return HttpResponse(metrics.text(), content_type=metrics.TYPE)
