"""Pieces of the platform's admin pages, for templates."""

from __future__ import annotations

from typing import Any

from django import template

from jobs.admin import display
from jobs.admin.overview import overview

register = template.Library()

register.filter("badge", display.badge)
register.filter("bar", display.bar)
register.filter("moment", display.moment)
register.filter("pretty", display.pretty)
register.filter("took", display.took)


@register.inclusion_tag("admin/jobs/overview.html", takes_context=True)
def jobs_overview(context: template.Context) -> dict[str, Any]:
    """The platform's state, for those who may see jobs."""
    user = context["request"].user
    return {"overview": overview() if user.has_perm("jobs.view_job") or user.has_perm("jobs.change_job") else None}
