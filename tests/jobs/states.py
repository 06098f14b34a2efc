"""Putting jobs into the ledger in the state that a test begins with, and looking at what became of them."""

import uuid
from datetime import timedelta
from typing import Any

from django_celery_results.models import TaskResult

from jobs import lifecycle
from jobs.arguments import plain
from jobs.clock import Now, now
from jobs.identity import Identity
from jobs.lifecycle import Claim, NewJob, Terms
from jobs.models import Attempt, Job
from jobs.models.job import new_id
from jobs.reports import of_text

HERE = Identity("worker@here", uuid.UUID(int=1), 4711)
THERE = Identity("worker@there", uuid.UUID(int=2), 4712)
BROKEN = of_text("it broke", error_class="ValueError")


def wish(**changes: Any) -> NewJob:
    """A new job, not written down yet."""
    terms: dict[str, Any] = {
        "task": "echo",
        "queue": "email",
        "correlation_id": "test",
        "max_retries": 3,
        "soft_time_limit": 285,
        "time_limit": 300,
    }
    own: dict[str, Any] = {"id": new_id(), "ring": False}
    own |= {name: changes.pop(name) for name in ("id", "key", "owner_id", "ring") if name in changes}
    arguments = plain("echo", changes.pop("arguments", {"value": 1}))
    return NewJob(**own, terms=Terms(**terms | changes), arguments=arguments)


def put(**changes: Any) -> Job:
    """A waiting job in the ledger."""
    [written] = lifecycle.insert([wish(**changes)])
    return row(written.id)


def running(identity: Identity = HERE, **changes: Any) -> Claim:
    """A claim of a new job, held by a process."""
    return take(put(**changes), identity)


def take(job: Job, identity: Identity = HERE) -> Claim:
    claim = lifecycle.claim(job.pk, identity, uuid.uuid4())
    assert claim is not None
    return claim


def in_state(status: str, **changes: Any) -> Job:
    """A job in any state, brought there by the verbs."""
    match status:
        case "pending":
            return put(**changes)
        case "processing":
            return row(running(**changes).id)
        case "retrying":
            claim = running(**changes)
            lifecycle.retry(claim, BROKEN)
            return row(claim.id)
        case _:
            return ended(status, **changes)


def ended(status: str, **changes: Any) -> Job:
    """A job that ended so."""
    if status == "expired":
        job = alter(put(**changes | {"expires": 5}), expires_at=Now(-1))
        lifecycle.expire_overdue()
        return row(job.pk)
    claim = running(**changes | ({"max_retries": 0} if status == "dead" else {}))
    match status:
        case "completed":
            lifecycle.complete([(claim, "null")])
        case "failed":
            lifecycle.fail(claim, BROKEN)
        case "dead":
            lifecycle.retry(claim, BROKEN)
        case "cancelled":
            lifecycle.discard(claim, of_text("", reason="nothing to do"))
        case "in_doubt":
            lifecycle.doubt(claim, BROKEN)
    return row(claim.id)


def row(job_id: uuid.UUID | str) -> Job:
    return Job.objects.get(pk=job_id)


def result(job_id: uuid.UUID) -> Any:
    return TaskResult.objects.get(task_id=str(job_id))


def attempts(job_id: uuid.UUID) -> list[Attempt]:
    return list(Attempt.objects.filter(job_id=job_id).order_by("number"))


def alter(job: Job, **columns: Any) -> Job:
    """Change a row behind the verbs' back: its times, mostly."""
    Job.objects.filter(pk=job.pk).update(**columns)
    return row(job.pk)


def make_due(job: Job) -> Job:
    """As if its waiting time had passed."""
    return alter(job, run_at=Now(-1), dispatch_at=Now(-1))


def seconds_from_now(moment: Any) -> float:
    """How far ahead a time of the ledger is, by the ledger's clock."""
    ahead: timedelta = moment - now()
    return ahead.total_seconds()


def everything(job_id: uuid.UUID) -> dict[str, Any]:
    """All that a verb could change of a job, to see that it changed nothing."""
    return {
        "job": Job.objects.filter(pk=job_id).values().get(),
        "result": TaskResult.objects.filter(task_id=str(job_id)).values().first(),
        "attempts": list(Attempt.objects.filter(job_id=job_id).values()),
    }
