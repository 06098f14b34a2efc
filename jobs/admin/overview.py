"""The platform at a glance."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from jobs import access, overview, throughput
from jobs.access import Verb
from jobs.admin.page import of_jobs, shown
from jobs.models import Job
from jobs.models.grant import User
from jobs.overview import Overview


@of_jobs
def overview_page(request: HttpRequest) -> HttpResponse:
    period = overview.period_of(request.GET.get("period", ""))
    return shown(request, "overview", "Overview", overview=seen_by(request.user, period), periods=throughput.PERIODS)


def seen_by(user: User, period: str = "hour") -> Overview:
    """Of the queues on which this person has a role."""
    seen = overview.of(period, access.queues(user, Verb.SEE), Job.objects.visible_to(user))
    if not access.may(user, Verb.SEE):  # a quarantined message has no queue of its own
        seen.quarantined = 0
    return seen
