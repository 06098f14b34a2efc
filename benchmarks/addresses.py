"""Every page and every list of the site, with each filter, word of a search, and place far down in it; and what is
shown before many jobs are steered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Count
from django.urls import reverse

from benchmarks.narrowing import MAIL_WORDS, NARROWED, WORDS
from crm.models import Lead
from jobs.api import schema
from jobs.models import Batch, Effect, Job, JobStatus, WorkerBeat

NO_LISTS = ("/api/events", "/api/jobs/suggest", "/api/tick")
FARTHEST = 200  # pages of fifty
OVERVIEW, LIST = 300, 200  # milliseconds that 95 of 100 answers may take


@dataclass(frozen=True)
class Address:
    """`most`: milliseconds that 95 of 100 answers may take. `body`: what is posted, which changes nothing."""

    name: str
    path: str
    most: int = LIST
    body: str = ""


def of_everything(user: User) -> list[Address]:
    """What this person may want to see: pages and lists, those of others' things left to be refused."""
    places = Places(user)
    return [*_pages(places), *_job_list(places), *_previews(places), *_records(), *_api(places)]


def searched(words: str) -> str:
    return urlencode({"q": words})


def open_pages(user: User) -> list[dict[str, str]]:
    """Ten pages as a person may have them open: the overview, lists, and jobs that run."""
    jobs, everything = reverse("admin:jobs_job_changelist"), reverse("api-events")
    lists = [
        reverse("admin:index"),
        *(f"{jobs}{query}" for query in ("", "?status=open", "?status=waiting", "?queue=ai")),
    ]
    lists += [f"{jobs}?status=trouble", reverse("jobs-failures")]
    running = Job.objects.filter(status=JobStatus.PROCESSING).order_by("pk")[user.pk % 100 :][:3]
    return [
        *({"path": path, "events": everything, "job": ""} for path in lists),
        *(
            {
                "path": reverse("admin:jobs_job_change", args=[job.pk]),
                "events": reverse("api-job-events", args=[job.pk]),
                "job": str(job.pk),
            }
            for job in running
        ),
    ]


class Places:
    """Things that this person sees, one of each sort."""

    def __init__(self, user: User) -> None:
        self.jobs = Job.objects.visible_to(user).of_people()
        self.user = user
        self.batch = Batch.objects.annotate(size=Count("jobs")).order_by("-size")[0]
        self.deep_page = max(1, min(self.jobs.count() // 50, FARTHEST))

    def job(self, status: JobStatus) -> Job:
        """In this state, or where there is none in any."""
        return self.jobs.filter(status=status).order_by("pk").first() or self.jobs[0]

    def far(self) -> Job:
        """In the middle of the list."""
        return self.jobs.newest_first()[self.jobs.count() // 2]


def _pages(places: Places) -> Iterator[Address]:
    yield Address("first page", reverse("admin:index"), OVERVIEW)
    for period in ("hour", "day", "week"):
        yield Address(f"overview, {period}", f"{reverse('jobs-overview')}?period={period}", OVERVIEW)
    for age in ("1h", "1d", "7d", ""):
        yield Address(f"failures, {age or 'all'}", f"{reverse('jobs-failures')}?age={age}")
    for words in ("error:hung", "error:nowhere"):
        yield Address(f"failures, all, {words}", f"{reverse('jobs-failures')}?{urlencode({'age': '', 'q': words})}")
    dead = places.job(JobStatus.DEAD)
    yield Address("one failure, in stages", reverse("jobs-stage", args=[dead.fingerprint]))
    yield Address("in doubt", reverse("jobs-doubt"))
    yield Address("workers", reverse("jobs-workers"))
    yield Address("stop a worker", reverse("jobs-worker-stop", args=[WorkerBeat.objects.all()[0].pk]))
    yield Address("enqueue", reverse("jobs-enqueue"))
    yield Address("enqueue, form", f"{reverse('jobs-enqueue')}?task=send_email")
    for status in (*(JobStatus.PENDING, JobStatus.RETRYING, JobStatus.PROCESSING, JobStatus.COMPLETED), dead.status):
        job = places.job(JobStatus(status))
        yield Address(f"job, {status}", reverse("admin:jobs_job_change", args=[job.pk]))
    for verb in ("cancel", "retry", "run-now", "copy"):
        yield Address(f"job, {verb}", reverse(f"admin:jobs_job_{verb}", args=[dead.pk]))
    doubt = places.job(JobStatus.IN_DOUBT)
    yield Address("job, in doubt", reverse("admin:jobs_job_change", args=[doubt.pk]))
    if effect := Effect.objects.filter(job=doubt).first():
        yield Address("job, resolve", reverse("admin:jobs_job_resolve", args=[doubt.pk, effect.pk]))
    yield Address("job, reveal", reverse("admin:jobs_job_reveal", args=[dead.pk]))
    yield Address("job, history", reverse("admin:jobs_job_history", args=[dead.pk]))
    for app in ("jobs", "crm", "email_automation", "django_celery_results", "auth"):
        yield Address(f"app {app}", reverse("admin:app_list", args=[app]))


def _job_list(places: Places) -> Iterator[Address]:
    address = reverse("admin:jobs_job_changelist")
    dead, pending = places.job(JobStatus.DEAD), places.job(JobStatus.PENDING)
    narrowed = [
        *(f"status={status}" for status in ("open", "waiting", "trouble", *JobStatus.values)),
        *("queue=ai", "queue=email", "task=draft_reply", "age=1h", "age=7d", "owner=system", "owner=1007"),
        *(f"batch={places.batch.pk}", f"parent={dead.pk}", f"fingerprint={dead.fingerprint}"),
        *("queue=ai&status=dead", "queue=ai&status=waiting", "status=completed&owner=1007"),
        *(f"q={pending.pk}", f"p={places.deep_page}", f"status=completed&p={places.deep_page}"),
        *map(searched, WORDS),
    ]
    yield Address("jobs", address)
    for words in narrowed:
        yield Address(f"jobs, {words}", f"{address}?{words}")


def _previews(places: Places) -> Iterator[Address]:
    """Of all that a list shows or a search finds."""
    address = reverse("admin:jobs_job_changelist")
    for verb, status in (("cancel", "waiting"), ("cancel", "open"), ("retry", "trouble"), ("retry", "dead")):
        chosen = str(places.job(JobStatus(status) if status in JobStatus else JobStatus.PENDING).pk)
        form = {"action": f"{verb}_selected", "_selected_action": chosen, "select_across": "1"}
        yield Address(f"preview of {verb}, {status}", f"{address}?status={status}", body=urlencode(form))
    for verb, words in (
        ("cancel", ("is:due", "task:send_*", "queue:ai", "args.to:nobody@acme.example")),
        ("retry", ("", "queue:ai", "error:hung", "error:nowhere")),
    ):
        for q in words:
            wish = json.dumps({"q": q, "dry_run": True})
            yield Address(f"POST jobs/{verb}, {q or 'all'}", reverse(f"api-{verb}-many"), body=wish)


def _records() -> Iterator[Address]:
    """Every list of the admin, and one of its rows."""
    for model, page in admin.site._registry.items():
        if model is Job:
            continue
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        address = reverse(f"admin:{name}_changelist")
        rows = model._default_manager.order_by("pk")
        called = str(model._meta.verbose_name_plural)
        searched = ("q=nowhere",) if page.search_fields else ()
        narrowed = NARROWED.get(model._meta.label_lower, ())
        yield Address(called, address)
        for words in (*narrowed, *searched, f"p={max(1, min(rows.count() // 100, FARTHEST))}"):
            yield Address(f"{called}, {words}", f"{address}?{words}")
        if row := rows.first():
            yield Address(f"one of {called}", reverse(f"admin:{name}_change", args=[row.pk]))


def _api(places: Places) -> Iterator[Address]:
    jobs, overview = reverse("api-jobs"), reverse("api-overview")
    dead, far = places.job(JobStatus.DEAD), places.far()
    narrowed = [
        *(f"status={status}" for status in JobStatus.values),
        *("queue=ai", "queue=email,ai", "task=draft_reply", f"user_id={places.user.pk}", "limit=200"),
        *(f"correlation_id={dead.correlation_id}", f"parent_id={dead.pk}", f"batch_id={places.batch.pk}"),
        *(
            f"cursor={far.pk}",
            f"cursor={far.pk}&status=dead",
            f"cursor={far.pk}&queue=ai",
            f"cursor={far.pk}&q=nowhere",
        ),
        *map(searched, WORDS),
    ]
    yield Address("GET jobs", jobs)
    for words in narrowed:
        yield Address(f"GET jobs, {words}", f"{jobs}?{words}")
    yield Address("GET jobs/suggest", f"{reverse('api-jobs-suggest')}?q=task:")
    for status in (JobStatus.PENDING, JobStatus.COMPLETED, JobStatus.DEAD):
        job = places.job(status)
        yield Address(f"GET job, {status}", reverse("api-job", args=[job.pk]))
        yield Address(f"GET job/why, {status}", reverse("api-job-why", args=[job.pk]))
    yield Address("GET job/result", reverse("api-job-result", args=[places.job(JobStatus.COMPLETED).pk]))
    for queue in ("email", "ai"):
        yield Address(f"GET queue stats, {queue}", reverse("api-queue-stats", args=[queue]))
    yield Address("GET recent jobs", reverse("api-recent-jobs", args=[places.user.pk]))
    yield Address("GET docs", reverse("api-docs"))
    for path, item in schema.document()["paths"].items():
        if "get" in item and "{" not in path and path not in (jobs, *NO_LISTS):
            yield Address(f"GET {path.removeprefix('/api/')}", path, OVERVIEW if path == overview else LIST)
    yield Address("GET batches, closed", f"{reverse('api-batches')}?status=closed")
    yield Address("GET batch", reverse("api-batch", args=[places.batch.pk]))
    yield Address("GET queues, week", f"{reverse('api-queues')}?period=week")
    for words in ("age:1d", "error:hung", "error:nowhere"):
        yield Address(f"GET failures, {words}", f"{reverse('api-failures')}?{searched(words)}")
    for name, narrowed_by in (
        (
            "messages",
            ("intent=support", "intent=appointment", "before=100", *map(searched, MAIL_WORDS)),
        ),
        ("mail", ("status=draft", "status=failed", "kind=reply", "kind=notification", "before=100")),
        ("crm-leads", ("stage=qualified", "band=hot", "before=100")),
        ("crm-contacts", ("before=100",)),
    ):
        for words in narrowed_by:
            yield Address(f"GET {name.replace('-', '/')}, {words}", f"{reverse(name)}?{words}")
    if lead := Lead.objects.filter(user=places.user).first():
        yield Address("GET lead", reverse("crm-lead", args=[lead.pk]))
    yield Address("GET metrics", "/metrics")
