"""Jobs in any state, made by the ledger's own verbs."""

from __future__ import annotations

import json
import uuid
from typing import Any

from jobs import identity, lifecycle, reports, services
from jobs.lifecycle import Claim
from jobs.models import Job
from jobs.queues import crm_queue


@crm_queue.task(name="tests.greet")
def greet(name: str = "Ada", times: int = 1) -> dict[str, Any]:
    return {"greeting": f"hello {name}" * times}


@crm_queue.task(name="tests.greet_user")
def greet_user(user_id: int) -> int:
    return user_id


@crm_queue.task(name="tests.remember")
def remember(api_key: str = "", note: str = "") -> None:
    """Its first argument is a secret."""


def waiting(owner_id: int | None = None, **options: Any) -> Job:
    args = options.pop("args", {"name": "Ada"})
    return services.enqueue(options.pop("task", "tests.greet"), args, owner_id=owner_id, **options)


def running(owner_id: int | None = None, **options: Any) -> Job:
    job = waiting(owner_id, **options)
    claimed(job)
    return _again(job)


def completed(owner_id: int | None = None, result: Any = None, **options: Any) -> Job:
    job = waiting(owner_id, **options)
    lifecycle.complete([(claimed(job), json.dumps(result))])
    return _again(job)


def failed(owner_id: int | None = None, error: str = "no such address", **options: Any) -> Job:
    job = waiting(owner_id, **options)
    lifecycle.fail(claimed(job), reports.of_exception(ValueError(error), log="INFO tests: it began"))
    return _again(job)


def retrying(owner_id: int | None = None, **options: Any) -> Job:
    job = waiting(owner_id, **options)
    lifecycle.retry(claimed(job), reports.of_text("connection reset", error_class="OSError"))
    return _again(job)


def dead(owner_id: int | None = None, error: str = "connection reset", **options: Any) -> Job:
    job = waiting(owner_id, max_retries=0, **options)
    lifecycle.retry(claimed(job), reports.of_text(error, error_class="OSError"))
    return _again(job)


def cancelled(owner_id: int | None = None, **options: Any) -> Job:
    job = waiting(owner_id, **options)
    services.cancel(job.pk, by="somebody", reason="not wanted")
    return _again(job)


def in_doubt(owner_id: int | None = None, **options: Any) -> Job:
    job = waiting(owner_id, **options)
    lifecycle.doubt(claimed(job), reports.of_text("the connection broke after the last byte"))
    return _again(job)


def claimed(job: Job) -> Claim:
    claim = lifecycle.claim(job.pk, identity.current(), uuid.uuid4())
    assert claim is not None
    return claim


def _again(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)
