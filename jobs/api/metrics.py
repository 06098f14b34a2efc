"""`/metrics`, for Prometheus: what is counted tells of customers, so that only staff's sessions and tokens read it."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.permissions import IsAdminUser, IsAuthenticated
from rest_framework.request import Request

from jobs import metrics
from jobs.api.view import ApiView


class Metrics(ApiView):
    permission_classes = (IsAuthenticated, IsAdminUser)

    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(metrics.text(), content_type=metrics.TYPE)
