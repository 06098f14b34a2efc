"""What an app adds to its own jobs' status: a hook, since the platform does not know the apps built on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jobs.models import Job

Details = Callable[[Job], dict[str, Any]]

_details: dict[str, Details] = {}


def register(task: str, function: Details) -> None:
    """Add what `function` returns to the status of this task's jobs, in REST and in the admin.

    Call it from the app's `AppConfig.ready`. The function gets a job in any state and returns JSON: at most a query or
    two, a key of the status itself (`progress`, say) replaces it.
    """
    _details[task] = function


def of(job: Job) -> dict[str, Any]:
    """What its app says of a job; nothing for most tasks."""
    function = _details.get(job.task)
    return function(job) if function else {}
