"""django-celery-results in the admin: its rows mirror jobs, and are only to be looked at."""

from __future__ import annotations

import json
import uuid
from typing import Any

import django_celery_results.admin  # noqa: F401 - registers what is replaced here, so it must come first
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django_celery_results.models import GroupResult, TaskResult

from jobs import masking
from jobs.admin.display import SHOWN, badge, block, job_link, moment, pretty
from jobs.admin.lists import FEW, RecentValuesFilter
from jobs.admin.readonly import RecordAdmin
from jobs.reports import clean

COLOURS = {
    "PENDING": "pending",
    "RECEIVED": "pending",
    "STARTED": "processing",
    "RETRY": "retrying",
    "SUCCESS": "completed",
    "FAILURE": "failed",
    "REVOKED": "cancelled",
}

admin.site.unregister([TaskResult, GroupResult])


@admin.register(TaskResult)
class TaskResultAdmin(RecordAdmin):
    platform_wide = True
    list_display = ("task_id", "task_name", "state", "worker", "done")
    list_filter = (("status", RecentValuesFilter),)
    search_fields = ("task_name__startswith",)
    search_help_text = "A job's id, or how a task's name begins."
    ordering = ("-id",)
    fields = ("job", "task_name", "state", "worker", "result_text", "traceback_text", "date_started", "date_done")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[Any], bool]:
        under_it = queryset.filter(task_id=search_term.strip())
        if not search_term or not under_it.exists():
            return super().get_search_results(request, queryset, search_term)
        setattr(request, FEW, True)
        return under_it, False

    @admin.display(description="Job")
    def job(self, result: TaskResult) -> SafeString | str:
        try:
            return job_link(uuid.UUID(result.task_id))
        except ValueError:
            return str(result.task_id)

    @admin.display(description="State")
    def state(self, result: TaskResult) -> SafeString:
        return badge(COLOURS.get(result.status, "pending"), result.status)

    @admin.display(description="Ended")
    def done(self, result: TaskResult) -> SafeString:
        return moment(result.date_done)

    @admin.display(description="Result")
    def result_text(self, result: TaskResult) -> SafeString:
        return block(_shown(result))

    @admin.display(description="Traceback")
    def traceback_text(self, result: TaskResult) -> SafeString:
        return block(clean(result.traceback or ""))


def _shown(result: TaskResult) -> str:
    """Masked; what is no JSON, of a task that is not ours, without what looks secret."""
    text = result.result or ""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return clean(text)[:SHOWN]
    return pretty(masking.of_result(result.task_name or "", value))


@admin.register(GroupResult)
class GroupResultAdmin(RecordAdmin):
    platform_wide = True
    fields = ("group_id", "date_done")
    list_display = ("group_id", "date_done")
    search_fields = ("group_id__exact",)
    ordering = ("-id",)
