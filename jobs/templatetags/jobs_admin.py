"""Pieces of the platform's admin pages, for templates."""

from __future__ import annotations

import time
from typing import Any

from django import template
from django.core.handlers.asgi import ASGIRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from jobs import masking, overview
from jobs.admin import charts, display
from jobs.admin import tabs as pages
from jobs.admin.page import may_see
from jobs.api.events import rest
from jobs.doctor import Finding
from jobs.models import Job
from jobs.overview import QueueLine

BELOW = {
    "alert": "alerts",
    "stop": "workers",
    "slots": "queues",
    "release": "queues",
    "control": "queues",
    "stage": "failures",
}

LOOK = {  # where a finding is seen, and often mended
    "paused": "jobs-queues",
    "no_worker": "jobs-queues",
    "silent_queue": "jobs-workers",
    "stuck_worker": "jobs-workers",
    "failures": "jobs-failures",
    "in_doubt": "jobs-doubt",
    "quarantine": "admin:jobs_quarantine_changelist",
}

register = template.Library()

register.filter("badge", display.badge)
register.filter("bar", display.bar)
register.filter("gauge", display.gauge)
register.filter("masked", masking.masked)
register.filter("moment", display.moment)
register.filter("pretty", display.pretty)
register.filter("took", display.took)
register.filter("span", display.spanned)


@register.inclusion_tag("admin/jobs/overview.html", takes_context=True)
def jobs_overview(context: template.Context) -> dict[str, Any]:
    """The platform's state, of the queues on which this person has a role."""
    user = context["request"].user
    return {
        "overview": overview.seen_by(user) if may_see(user) else None,
        "first_page": True,
        "request": context["request"],
    }


@register.inclusion_tag("admin/jobs/pages/tabs.html", takes_context=True)
def tabs(context: template.Context, here: str) -> dict[str, Any]:
    """The pages that this person may open; a page below another one shows where it belongs."""
    return {"tabs": pages.of(context["request"].user), "here": BELOW.get(here, here)}


@register.simple_tag
def queue_charts(line: QueueLine, period: str) -> SafeString:
    return charts.of_queue(line.name, line.points, period)


@register.filter
def page_of(finding: Finding) -> str:
    """The page that shows what a finding is about; none where there is none of its own."""
    return reverse(LOOK[finding.name]) if finding.name in LOOK else ""


@register.inclusion_tag("admin/jobs/pages/live.html", takes_context=True)
def live(context: template.Context, job: Job | None = None) -> dict[str, Any]:
    """The script that lets a page follow, with where it is told: by events, where the server can hold a stream open."""
    address = reverse("api-job-events", args=[job.pk]) if job else reverse("api-events")
    return {
        "events": address if isinstance(context["request"], ASGIRequest) else "",
        "job": job,
        "made": int(time.time() * 1000),
        "rest": rest("job" if job else "list"),
    }
