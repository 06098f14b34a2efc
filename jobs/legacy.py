"""The old platform's words for what the ledger holds: its Job, its statuses, its verbs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from celery.local import maybe_evaluate
from django.apps import apps
from django_celery_results.models import TaskResult

from jobs import lifecycle, registry, reports, services
from jobs.errors import JobNotFound, UnknownTask
from jobs.models import Job as Row
from jobs.models import JobStatus as RowStatus

if TYPE_CHECKING:
    from jobs.queues import JobQueue

JobStatus = Enum("JobStatus", {status.name: status.value for status in RowStatus})  # type: ignore[misc]


@dataclass(frozen=True)
class Job:
    """A job as the old platform showed it. Times are epoch seconds."""

    id: str
    task: str
    args: dict[str, Any]
    status: JobStatus
    created_at: float
    started_at: float | None
    completed_at: float | None
    result: Any
    error: str | None
    retry_count: int
    max_retries: int
    retry_after: float | None
    dead_letter: bool


def get_job(job_id: str) -> Job | None:
    try:
        row = services.find(job_id)
    except JobNotFound:
        return None
    return Job(
        id=str(row.pk),
        task=row.task,
        args=row.arguments,
        status=JobStatus(row.status),
        created_at=row.created_at.timestamp(),
        started_at=_epoch(row.started_at),
        completed_at=_epoch(row.finished_at),
        result=result_of(row),
        error=row.error or None,
        retry_count=row.failures,
        max_retries=row.max_retries,
        retry_after=_epoch(row.run_at) if row.status == RowStatus.RETRYING else None,
        dead_letter=row.status == RowStatus.DEAD,
    )


def result_of(row: Row) -> Any:
    """What a completed job returned, as JSON gives it."""
    if row.status != RowStatus.COMPLETED:
        return None
    text = TaskResult.objects.filter(task_id=str(row.pk)).values_list("result", flat=True).first()
    return json.loads(text) if text else None


def enqueue_job(
    queue: JobQueue, name: str, args: Mapping[str, Any], max_retries: int | None, delay: float, job_id: str | None
) -> str:
    registry.get(name, queue.name)
    if not isinstance(args, Mapping):
        raise registry.InvalidArguments(
            f"args is {type(args).__name__}: give a dict of arguments by name.", field="args"
        )
    return str(services.enqueue(name, args, max_retries=max_retries, delay=delay, key=job_id).pk)


def fail_job(job_id: str, error: str, *, retry: bool) -> bool:
    try:
        row = services.find(job_id)
    except JobNotFound:
        return False
    report = reports.of_text(str(error), error_class="FailedByCaller")
    return lifecycle.fail_from_outside(row.pk, report, again=retry, by="fail_job") is not None


def register_task(queue: JobQueue, name: str, function: Callable[..., Any]) -> None:
    if registry.find(name):
        return
    function = maybe_evaluate(function)
    if not _workers_import(function):
        where = f"{getattr(function, '__module__', '?')}.{getattr(function, '__qualname__', repr(function))}"
        raise UnknownTask(
            f"A worker cannot import {where} as task {name!r}. Make it a function of an installed app's tasks.py, or "
            f"decorate it there with @{queue.name}_queue.task(name={name!r}).",
            field="name",
        )
    queue.task(name=name)(function)


def _workers_import(function: Callable[..., Any]) -> bool:
    """Whether it is a module's own function, in a module that every worker loads."""
    module = getattr(function, "__module__", None)
    loaded = {f"{config.name}.tasks" for config in apps.get_app_configs()}
    if module not in loaded and not any(str(module).startswith(f"{name}.") for name in loaded):
        return False
    return maybe_evaluate(getattr(sys.modules[str(module)], getattr(function, "__name__", ""), None)) is function


def _epoch(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None
