"""What the platform writes down around jobs: to be looked at only."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.safestring import SafeString

from jobs import access, quarantine
from jobs.access import Verb
from jobs.admin.display import badge, block, job_link, moment, pretty
from jobs.admin.filters import Choices, Narrowing
from jobs.admin.lists import FEW, RecentValuesFilter
from jobs.admin.readonly import RecordAdmin
from jobs.config import config
from jobs.masking import masked
from jobs.models import Attempt, AuditEntry, Effect, Job, JobEvent, JobStatus, Quarantine, WorkerBeat


class OutcomeFilter(Narrowing):
    title = parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(status, status) for status in ("retrying", "failed", "dead", "cancelled", "in_doubt")]

    def condition(self, value: str) -> Q | None:
        return Q(outcome=value) if value in JobStatus.values else None


class OfAJob(RecordAdmin):
    """A row that belongs to a job: links to it, and is found by its id."""

    search_help_text = "A job's id, or words."
    list_display_links: tuple[str, ...] = ()

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[Any], bool]:
        try:
            of_job = queryset.filter(job_id=uuid.UUID(search_term.strip()))
        except ValueError:
            return super().get_search_results(request, queryset, search_term)
        setattr(request, FEW, True)
        return of_job, False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attempt | JobEvent | Effect]:
        rows: QuerySet[Attempt | JobEvent | Effect] = super().get_queryset(request)
        # Not joined: far down a list the database would read all jobs to join them.
        rows = rows.prefetch_related(Prefetch("job", Job.objects.defer("arguments", "workflow")))
        if access.may(request.user, Verb.SEE):
            return rows
        # Looked up for each row: joined, the database reads all jobs to find whose rows these are.
        seen = Job.objects.visible_to(request.user).filter(pk=OuterRef("job_id")).values("pk")[:1]
        theirs: QuerySet[Attempt | JobEvent | Effect] = rows.alias(seen=Subquery(seen)).filter(seen__isnull=False)
        return theirs

    @admin.display(description="Job")
    def of_job(self, row: Attempt | JobEvent | Effect) -> SafeString | str:
        return job_link(row.job_id, row.job.task) if row.job else "pruned"


@admin.register(Attempt)
class AttemptAdmin(OfAJob):
    list_display = ("number", "of_job", "result", "error_class", "short_error", "worker", "ended")
    list_display_links = ("number",)
    list_filter = (OutcomeFilter,)
    search_fields = ("error_class", "error")
    ordering = ("-id",)
    fields = (
        "of_job",
        "number",
        "result",
        "worker",
        "boot",
        "pid",
        "started_at",
        "finished_at",
        "error_class",
        "error_text",
        "traceback_text",
        "log_text",
    )

    @admin.display(description="Outcome")
    def result(self, attempt: Attempt) -> SafeString:
        return badge(attempt.outcome)

    @admin.display(description="Error")
    def short_error(self, attempt: Attempt) -> str:
        return attempt.error[:120]

    @admin.display(description="Ended")
    def ended(self, attempt: Attempt) -> SafeString:
        return moment(attempt.finished_at)

    @admin.display(description="Error")
    def error_text(self, attempt: Attempt) -> SafeString:
        return block(attempt.error)

    @admin.display(description="Traceback")
    def traceback_text(self, attempt: Attempt) -> SafeString:
        return block(attempt.traceback)

    @admin.display(description="Log")
    def log_text(self, attempt: Attempt) -> SafeString:
        return block(attempt.log)


@admin.register(JobEvent)
class JobEventAdmin(OfAJob):
    list_display = ("when", "of_job", "kind", "by", "what")
    list_display_links = ("when",)
    search_fields = ("by",)
    ordering = ("-id",)
    fields = ("at", "of_job", "kind", "by", "what")

    @admin.display(description="When")
    def when(self, event: JobEvent) -> SafeString:
        return moment(event.at)

    @admin.display(description="Detail")
    def what(self, event: JobEvent) -> SafeString:
        return block(pretty(masked(event.detail)) if event.detail else "")


@admin.register(Effect)
class EffectAdmin(OfAJob):
    list_display = ("key", "of_job", "kind", "state", "provider_id", "when")
    list_display_links = ("key",)
    list_filter = ("status",)
    search_fields = ("key", "provider_id")
    search_help_text = "A job's id, a whole key, or words."
    ordering = ("-id",)
    fields = (
        "key",
        "of_job",
        "attempt",
        "kind",
        "state",
        "provider_id",
        "what",
        "created_at",
        "settled_at",
        "settled_by",
        "reason",
    )

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[Any], bool]:
        under_it = queryset.filter(key=search_term.strip().replace("\0", ""))
        if under_it.exists():
            setattr(request, FEW, True)
            return under_it, False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="State")
    def state(self, effect: Effect) -> SafeString:
        return badge(effect.status)

    @admin.display(description="Begun")
    def when(self, effect: Effect) -> SafeString:
        return moment(effect.created_at)

    @admin.display(description="Detail")
    def what(self, effect: Effect) -> SafeString:
        return block(pretty(masked(effect.detail)) if effect.detail else "")


@admin.register(Quarantine)
class QuarantineAdmin(RecordAdmin):
    platform_wide = True
    actions = ()  # with the admin's own: delete
    list_display = ("when", "queue", "reason", "size", "worker")
    search_fields = ("reason", "digest")
    search_help_text = "Messages of the broker that nobody understood: kept here, never run. Found by reason or digest."
    ordering = ("-id",)
    fields = ("at", "queue", "reason", "size", "digest", "worker", "head_text")

    @admin.display(description="When")
    def when(self, message: Quarantine) -> SafeString:
        return moment(message.at)

    @admin.display(description="First bytes")
    def head_text(self, message: Quarantine) -> SafeString:
        return block(message.head)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return access.may(request.user, Verb.DELETE)

    def delete_model(self, request: HttpRequest, obj: Quarantine) -> None:
        self.delete_queryset(request, Quarantine.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Quarantine]) -> None:
        quarantine.delete(queryset, by=request.user.get_username())


class PersonFilter(RecentValuesFilter):
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.title = "person"


class DayFilter(admin.DateFieldListFilter):
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.title = "day"


@admin.register(AuditEntry)
class AuditEntryAdmin(RecordAdmin):
    verb = Verb.AUDIT
    platform_wide = True
    list_display = ("when", "by", "verb", "subject", "reason", "origin", "address")
    list_filter = (
        ("verb", RecentValuesFilter),
        ("by", PersonFilter),
        ("origin", RecentValuesFilter),
        ("at", DayFilter),
    )
    search_fields = ("by", "subject", "verb", "reason")
    search_help_text = "Who, what (queue email, job and its id), the verb, or words of the reason."
    ordering = ("-id",)

    @admin.display(description="When")
    def when(self, entry: AuditEntry) -> SafeString:
        return moment(entry.at)


@admin.register(WorkerBeat)
class WorkerBeatAdmin(RecordAdmin):
    """Not in the index: the page of workers has them."""

    list_display = ("name", "state", "serves", "slots", "host", "pid", "since", "beat")
    fields = ("name", "state", "serves", "slots", "host", "pid", "pids", "boot", "started_at", "beat_at")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description="State")
    def state(self, worker: WorkerBeat) -> SafeString:
        return badge(*state_of(worker))

    @admin.display(description="Queues")
    def serves(self, worker: WorkerBeat) -> str:
        return ", ".join(map(str, worker.queues))

    @admin.display(description="Up since")
    def since(self, worker: WorkerBeat) -> SafeString:
        return moment(worker.started_at)

    @admin.display(description="Last beat")
    def beat(self, worker: WorkerBeat) -> SafeString:
        return moment(worker.beat_at)


def state_of(worker: WorkerBeat) -> tuple[str, str]:
    """A worker's state, as a badge's colour and word."""
    if worker.beat_at < datetime.now(UTC) - timedelta(seconds=config().BEAT_TTL):
        return "dead", "silent"
    return ("retrying", "stopping") if worker.stopping else ("completed", "alive")
