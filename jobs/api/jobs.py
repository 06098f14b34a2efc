"""Jobs over REST: list, enqueue, follow, cancel, run again."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from django.urls import reverse
from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import effects, query, registry, services
from jobs.access import Verb, may
from jobs.api import access, pages, parsing
from jobs.api.parsing import BIGGEST_ID, Body, Reasoned, Text
from jobs.api.responses import ok
from jobs.api.schema import CURSOR, SEARCH, UUID, described, limit, parameter
from jobs.api.shapes import JobDetails, JobRow, job_row, job_status
from jobs.api.view import ApiView
from jobs.errors import KeyTaken
from jobs.models import Job, JobQuerySet, JobStatus
from jobs.query import Word
from jobs.queues import QUEUES

FILTERS = (
    SEARCH,
    parameter("status", {"type": "string", "examples": ["failed,dead"]}, "One or more, with commas."),
    parameter("queue", {"type": "string", "examples": ["email,ai"]}, "One or more, with commas."),
    parameter("task", {"type": "string", "maxLength": 150}, "The task's name."),
    parameter("user_id", {"type": "integer", "minimum": 0, "maximum": BIGGEST_ID}, "The owner: your own number."),
    parameter("correlation_id", {"type": "string", "maxLength": 64}, "Of the request that they came of."),
    parameter("parent_id", {"type": "string", "minLength": 1}, "The job that enqueued them."),
    parameter("batch_id", UUID, "The batch that they belong to."),
    limit(pages.LARGEST, pages.LIMIT),
    CURSOR,
)
LAST_EPOCH = 4_102_444_800  # the year 2100


MAIL = {"to": "jane@example.com", "subject": "Hello", "body": "How are you?"}


class NewJob(Body):
    """What `POST /api/jobs` takes. `run_at` is in epoch seconds, `delay` and `expires` are seconds from now."""

    task: Annotated[Text, Field(min_length=1, max_length=150, examples=["send_email"])]
    args: dict[str, Any] = Field(default_factory=dict, examples=[MAIL])
    job_id: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    delay: Annotated[float, Field(ge=0, lt=10**9)] = 0
    run_at: Annotated[float, Field(ge=0, lt=LAST_EPOCH)] | None = None
    expires: Annotated[float, Field(gt=0, lt=10**9)] | None = None
    priority: Annotated[int, Field(ge=0, le=9)] = 5
    max_retries: Annotated[int, Field(ge=0, le=1000)] | None = None
    user_id: Annotated[int, Field(ge=0, le=BIGGEST_ID)] | None = None


class JobPage(TypedDict):
    jobs: list[JobRow]
    count: int
    next: Annotated[
        str | None,
        Field(
            description="The `cursor` of the next page, if there is one. A page with few jobs or none, and a `next`, "
            "is of a search that fits few of the newest 10,000: the next page looks further back."
        ),
    ]


class Suggested(TypedDict):
    suggestions: list[query.Suggestion]


class CancelledJob(JobDetails):
    """`asked`: it runs, and stops soon. `effect`: what became of what it does outside."""

    cancel: Literal["done", "asked"]
    effect: effects.Fate
    provider_ids: list[str]


class Again(Reasoned):
    """`afresh`: from the start, not from the job's checkpoint."""

    afresh: bool = False


class JobList(ApiView):
    """`GET` lists the jobs that the user may see, newest first; `POST` enqueues one by its task's name.

    Go on as long as there is a `next`.
    """

    @described("list_jobs", "Jobs, newest first", JobPage, parameters=FILTERS)
    def get(self, request: Request) -> Response:
        chosen, known = _chosen(request)
        jobs, following = pages.page(chosen, request, known)
        return ok(
            {"jobs": [job_row(job) for job in jobs], "count": len(jobs), "next": following}, message="Jobs listed"
        )

    @described("enqueue_job", "Enqueue a task by its name", JobRow, takes=NewJob, status=[202])
    def post(self, request: Request) -> Response:
        new = parsing.body_of(request, NewJob)
        access.check_enqueue(request.user, new.task, new.args, new.user_id)
        job = _enqueue(request, new)
        address = reverse("api-job", args=[job.pk])
        return ok(job_row(job), status=202, message="Job enqueued", headers={"Location": address})


class Suggestions(ApiView):
    """How the search that is being typed, `q`, may go on."""

    @described("suggest", "How a search may go on", Suggested, parameters=[SEARCH])
    def get(self, request: Request) -> Response:
        typed = request.query_params.get("q", "")
        return ok({"suggestions": [asdict(offered) for offered in query.suggest(typed)]}, message="Suggestions made")


class JobDetail(ApiView):
    """One job's status, with its result once it has one."""

    @described("get_job", "One job, with its result", JobDetails)
    def get(self, request: Request, job_id: str) -> Response:
        return ok(job_status(access.visible_job(request.user, job_id)), message="Job status retrieved")


class JobCancel(ApiView):
    """Cancels a job. `data.cancel` is `done` (200: it is cancelled) or `asked` (202: it runs, and will stop soon).

    `data.effect` is what became of what it does outside: `before`, `too_late` (with `provider_ids`) or `in_doubt`.
    """

    @described("cancel_job", "Cancel a job", CancelledJob, takes=Reasoned, status=[200, 202])
    def post(self, request: Request, job_id: str) -> Response:
        job = access.steerable_job(request.user, Verb.CANCEL, job_id)
        reason = parsing.body_of(request, Reasoned).reason
        answer = services.cancel(job.pk, by=request.user.get_username(), reason=reason)
        data = job_status(answer.job) | {
            "cancel": "done" if answer.done else "asked",
            "effect": answer.effect,
            "provider_ids": answer.provider_ids,
        }
        if answer.done:
            return ok(data, message="Job cancelled")
        return ok(data, status=202, message="Job asked to stop: it ends at its next step, or is stopped after a grace")


class JobRetry(ApiView):
    """Runs a failed, dead, cancelled or expired job again: the same job, with a fresh retry budget."""

    @described("retry_job", "Run an ended job again", JobDetails, takes=Again)
    def post(self, request: Request, job_id: str) -> Response:
        job = access.steerable_job(request.user, Verb.RETRY, job_id)
        wish = parsing.body_of(request, Again)
        job = services.retry(job.pk, by=request.user.get_username(), reason=wish.reason, afresh=wish.afresh)
        return ok(job_status(job), message="Job runs again")


def _chosen(request: Request) -> tuple[JobQuerySet, list[Word]]:
    """The jobs that the parameters ask for, and what is known of them by that."""
    jobs, known = access.visible_jobs(request.user), []
    if statuses := parsing.choices(request, "status", JobStatus.values):
        jobs = jobs.filter(status__in=statuses)
        known.append(Word("status", "", tuple(statuses)))
    if queues := parsing.choices(request, "queue", QUEUES):
        jobs = jobs.filter(queue__in=queues)
    if task := parsing.text(request, "task", 150):
        jobs = jobs.filter(task=task)
    if correlation := parsing.text(request, "correlation_id", 64):
        jobs = jobs.filter(correlation_id=correlation)
        known.append(Word("correlation", "", (correlation,)))
    if parent := request.query_params.get("parent_id"):
        jobs = jobs.filter(parent_id=access.visible_job(request.user, parent).pk)
        known.append(Word("parent", "", (parent,)))
    if batch := request.query_params.get("batch_id"):
        jobs = jobs.filter(batch_id=parsing.identifier("batch_id", batch))
        known.append(Word("batch", "", (batch,)))
    if (owner := request.query_params.get("user_id")) is not None:
        owner_id = parsing.number("user_id", owner, 0, BIGGEST_ID)
        access.check_list_of(request.user, owner_id)
        jobs = jobs.filter(owner_id=owner_id)
        known.append(Word("owner", "", (owner,)))
    return jobs, known


def _enqueue(request: Request, new: NewJob) -> Job:
    for_anybody = may(request.user, Verb.ENQUEUE, registry.find(new.task))
    try:
        return services.enqueue_by_hand(
            new.task,
            new.args,
            by=request.user.get_username(),
            key=new.job_id,
            delay=new.delay,
            run_at=datetime.fromtimestamp(new.run_at, UTC) if new.run_at is not None else None,
            expires=new.expires,
            priority=new.priority,
            max_retries=new.max_retries,
            # Who may enqueue but has no role must find again what they made.
            owner_id=new.user_id if for_anybody else request.user.pk,
        )
    except KeyTaken:
        if access.sees_platform(request.user):
            raise
        # The platform's own words tell of the other job, which may be somebody else's.
        raise KeyTaken("job_id is taken by another job. Give another job_id.", field="job_id") from None
