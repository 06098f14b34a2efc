"""Batches: how far each is, what belongs to it; cancelling one."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs import access, batch_tree, batches
from jobs.access import Verb
from jobs.admin.display import badge, block, gauge, moment, pretty
from jobs.admin.readonly import RecordAdmin
from jobs.admin.steering import ReasonForm
from jobs.masking import declared, masked
from jobs.models import Batch, BatchStatus
from jobs.wording import number_of

GOES_ON = (BatchStatus.OPEN, BatchStatus.CLOSED)


@admin.register(Batch)
class BatchAdmin(RecordAdmin):
    change_form_template = "admin/jobs/batch/change_form.html"
    list_display = ("__str__", "state", "progress", "total", "failed", "when")
    list_filter = ("status",)
    platform_wide = True
    search_fields = ("name", "correlation_id")
    ordering = ("-created_at", "-id")
    fields = (
        "id",
        "name",
        "state",
        "members",
        "parent",
        "owner_id",
        "correlation_id",
        "then_on_success",
        "then_on_complete",
        "stop_on_failure",
        "total",
        "completed",
        "failed",
        "dropped",
        "created_at",
        "finished_at",
    )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        batch = self.get_object(request, object_id)
        more: dict[str, Any] = {"tree": batch_tree.tree_of(batch)} if batch else {}
        if batch and batch.status in GOES_ON and access.may(request.user, Verb.CANCEL, batch):
            more["cancel"] = reverse("admin:jobs_batch_cancel", args=[batch.pk])
        return super().change_view(request, object_id, form_url, more | (extra_context or {}))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.cancel_view)
        return [path("<uuid:batch_id>/cancel/", view, name="jobs_batch_cancel"), *super().get_urls()]

    def cancel_view(self, request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
        """Ask back (GET), then cancel the members that wait and ask those that run to stop (POST)."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        batch = self.get_queryset(request).filter(pk=batch_id).first()
        if batch is None:
            raise Http404
        access.check(request.user, Verb.CANCEL, batch)
        page = reverse("admin:jobs_batch_change", args=[batch.pk])
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            by, reason = request.user.get_username(), form.cleaned_data["reason"]
            number = batches.cancel(batch.pk, by=by, reason=reason)
            told = f"{number_of(number, 'job')} cancelled or asked to stop."
            self.message_user(request, told, messages.SUCCESS)
            return HttpResponseRedirect(page)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Cancel {batch}?",
            "opts": self.opts,
            "media": self.media,
            "batch": batch,
            "form": form,
            "back": page,
        }
        return TemplateResponse(request, "admin/jobs/batch/cancel.html", context)

    @admin.display(description="Progress")
    def progress(self, batch: Batch) -> SafeString:
        return gauge(batch.percent, f"{batch.ended} of {batch.total} ended, {batch.failed} failed")

    @admin.display(description="Status")
    def state(self, batch: Batch) -> SafeString:
        return badge(batch.status)

    @admin.display(description="On success")
    def then_on_success(self, batch: Batch) -> SafeString:
        return _then(batch.on_success)

    @admin.display(description="On complete")
    def then_on_complete(self, batch: Batch) -> SafeString:
        return _then(batch.on_complete)

    @admin.display(description="Jobs")
    def members(self, batch: Batch) -> SafeString:
        address = reverse("admin:jobs_job_changelist", query={"batch": batch.pk})
        return format_html('<a href="{}">Its jobs</a>', address)

    @admin.display(description="Created")
    def when(self, batch: Batch) -> SafeString:
        return moment(batch.created_at)


def _then(then: dict[str, Any] | None) -> SafeString:
    """What follows a batch."""
    return block(pretty(masked(then, declared(str(then.get("task", ""))))) if then else "")
