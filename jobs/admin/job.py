"""Jobs: the list, one job's page, and what may be done to them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from jobs import access, owners, query
from jobs.access import Verb
from jobs.admin import changing, doubt, filters, job_page, revealing, steering
from jobs.admin.display import badge, bar, moment, took, tries
from jobs.admin.lists import BEFORE, WindowedList
from jobs.admin.readonly import RecordAdmin
from jobs.models import WAITING, Effect, Job, JobStatus

NOTE = 120  # characters
LOOKED = "_jobs_looked"  # on the request: how far back its list goes


class JobList(WindowedList):
    """A page of jobs without what a page does not show, and with their owners' names: one query for all."""

    def newest_of(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The search has looked already."""
        looked: query.Window | None = getattr(request, LOOKED, None)
        self.ends = looked.ends if looked else None
        return rows.defer("arguments", "workflow")

    def end(self) -> str:
        return str(round(self.ends.timestamp() * 1_000_000)) if self.ends else ""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        names = owners.names_of(self.result_list)
        for job in self.result_list:
            job.owner_name = names[job.owner_id]


@admin.register(Job)
class JobAdmin(RecordAdmin):
    list_display = ("state", "job", "queue", "owner", "age", "note")
    list_display_links = ("job",)
    list_filter = filters.LIST
    search_fields = ("id",)
    search_help_text = query.HELP
    empty_value_display = ""
    actions = (steering.cancel_selected, steering.retry_selected)

    class Media:
        js = ("jobs/search.js",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Everybody who may enter sees the page; which jobs is said by `get_queryset`."""
        return request.user.is_authenticated

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": "Jobs"} | (extra_context or {}))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return JobList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        jobs: QuerySet[Job] = super().get_queryset(request)
        return jobs & Job.objects.visible_to(request.user)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[Job], bool]:
        """Also of no search at all: what an action may be done to is what the list looks at."""
        try:
            looked = query.look(
                queryset,
                search_term,
                narrowed=filters.known(request),
                owner_id=access.only_own(request.user),
                older=_older(request),
            )
            setattr(request, LOOKED, looked)
            return looked.jobs, False
        except query.BadQuery as error:
            self.message_user(request, str(error), messages.ERROR)
            return queryset.none(), False

    def response_action(self, request: HttpRequest, queryset: QuerySet[Job], *more: Any) -> Any:
        try:
            return super().response_action(request, queryset, *more)
        except ValidationError:  # a form whose ids are none
            self.message_user(request, "Choose jobs from the list.", messages.WARNING)
            return None

    def has_steer_permission(self, request: HttpRequest) -> bool:
        """Asked by the actions; on which jobs is asked again by each."""
        return access.may_somewhere(request.user, Verb.CANCEL)

    def get_urls(self) -> list[URLPattern]:
        verbs = [
            path(
                f"<uuid:job_id>/{verb.name}/",
                self.admin_site.admin_view(self.steer_view),
                {"verb": verb},
                name=f"jobs_job_{verb.name}",
            )
            for verb in steering.VERBS.values()
        ]
        resolve = path(
            "<uuid:job_id>/resolve/<int:effect_id>/",
            self.admin_site.admin_view(self.resolve_view),
            name="jobs_job_resolve",
        )
        change = path("<uuid:job_id>/change-turn/", self.admin_site.admin_view(self.turn_view), name="jobs_job_turn")
        reveal = path("<uuid:job_id>/reveal/", self.admin_site.admin_view(self.reveal_view), name="jobs_job_reveal")
        return [*verbs, change, resolve, reveal, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One job's page: nothing on it can be edited."""
        job = self.get_object(request, object_id)
        if job is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined,no-any-return]
        context = {
            **self.admin_site.each_context(request),
            **job_page.of(job, request.user, origin=request.build_absolute_uri("/").rstrip("/")),
            "title": job.task,
            "opts": self.opts,
            "media": self.media,
            "job": job,
            "verbs": steering.buttons(request, job),
            "may_change": changing.offered(request, job),
            "may_reveal": access.may(request.user, Verb.REVEAL, job),
            "may_resolve": job.status == JobStatus.IN_DOUBT and access.may(request.user, Verb.RESOLVE, job),
        }
        return TemplateResponse(request, "admin/jobs/job/detail.html", context | (extra_context or {}))

    def steer_view(self, request: HttpRequest, job_id: uuid.UUID, verb: steering.Verb) -> HttpResponse:
        return steering.one(self, request, self._steerable(request, job_id, verb.asks), verb)

    def turn_view(self, request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
        return changing.change(self, request, self._steerable(request, job_id, Verb.RETRY))

    def resolve_view(self, request: HttpRequest, job_id: uuid.UUID, effect_id: int) -> HttpResponse:
        job = self._steerable(request, job_id, Verb.RESOLVE)
        effect = Effect.objects.filter(job=job, pk=min(effect_id, 2**63 - 1)).first()
        if effect is None:
            raise Http404
        return doubt.resolve(self, request, job, effect)

    def reveal_view(self, request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
        return revealing.reveal(self, request, self._steerable(request, job_id, Verb.REVEAL))

    def _steerable(self, request: HttpRequest, job_id: uuid.UUID, verb: Verb) -> Job:
        job = self.get_queryset(request).filter(pk=job_id).first()
        if job is None:
            raise Http404
        access.check(request.user, verb, job)
        return job

    @admin.display(description="Status")
    def state(self, job: Job) -> SafeString:
        return format_html("{}<br>{}", badge(job.status), _so_far(job))

    @admin.display(description="Job")
    def job(self, job: Job) -> SafeString:
        known_as = job.key or str(job.pk)[-12:]
        return format_html(
            '{}<br><span class="jobs-quiet jobs-id" title="{}">{}</span>',
            job.task,
            job.pk,
            Truncator(known_as).chars(40),
        )

    @admin.display(description="Owner")
    def owner(self, job: Job) -> str:
        return str(job.owner_name)  # type: ignore[attr-defined]

    @admin.display(description="Age", ordering="created_at")
    def age(self, job: Job) -> SafeString:
        return moment(job.created_at)

    @admin.display(description="Note")
    def note(self, job: Job) -> SafeString | str:
        text, colour = (job.error, "jobs-error") if job.error else (job.reason, "jobs-quiet")
        if job.status == JobStatus.PROCESSING and job.cancel_requested_at:
            text, colour = "asked to stop", "jobs-quiet"
        short = Truncator(text).chars(NOTE)
        return format_html('<span class="{}" title="{}">{}</span>', colour, text, short) if text else ""


def _older(request: HttpRequest) -> Q:
    """Than the end of the window before."""
    digits = request.GET.get(BEFORE, "")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 16):
        return Q()
    return query.before(datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(digits)))


def _so_far(job: Job) -> SafeString:
    """Under the badge: how far a job is, when it runs, or how long it took."""
    if job.status in WAITING:
        parts: list[str] = [moment(job.run_at)] if job.run_at > datetime.now(UTC) else []
    else:
        parts = [bar(job)] if job.progress_total and job.status != JobStatus.COMPLETED else [took(job)]
    if job.failures:
        parts.append(tries(job))
    return format_html_join(", ", '<span class="jobs-quiet">{}</span>', ((part,) for part in parts if part))
