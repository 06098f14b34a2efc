"""Pieces of the platform's admin pages, for templates."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from jobs import overview
from jobs.admin import charts, display
from jobs.admin.page import may_see
from jobs.overview import QueueLine

register = template.Library()

register.filter("badge", display.badge)
register.filter("bar", display.bar)
register.filter("gauge", display.gauge)
register.filter("moment", display.moment)
register.filter("pretty", display.pretty)
register.filter("took", display.took)
register.filter("span", display.spanned)


@register.inclusion_tag("admin/jobs/overview.html", takes_context=True)
def jobs_overview(context: template.Context) -> dict[str, Any]:
    """The platform's state, for those who may see jobs."""
    return {"overview": overview.of() if may_see(context["request"].user) else None}


@register.simple_tag
def throughput_chart(line: QueueLine, period: str) -> SafeString:
    return charts.throughput_chart(line.name, line.points, period)
