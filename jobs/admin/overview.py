"""The platform at a glance."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from jobs import overview, throughput
from jobs.admin.page import of_jobs, shown

KEYS = (("good", "ended"), ("bad", "of these failed"), ("half", "median"), ("most", "95 % of the jobs"))


@of_jobs
def overview_page(request: HttpRequest) -> HttpResponse:
    period = overview.period_of(request.GET.get("period", ""))
    seen = overview.seen_by(request.user, period)
    return shown(request, "overview", "Overview", overview=seen, periods=throughput.PERIODS, keys=KEYS)
