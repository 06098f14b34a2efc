"""The three queues, and the queue API that callers of the old platform know."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from jobs import registry
from jobs.errors import UnknownQueue
from jobs.retries import Rules

if TYPE_CHECKING:
    from jobs.legacy import Job

P = ParamSpec("P")
R = TypeVar("R")

QUEUE_ALIASES = {"gmail_sync": "email"}


@dataclass(frozen=True)
class QueueLimits:
    """Seconds a job of this queue may run, and how often it is retried, unless its task says otherwise."""

    name: str
    soft_time_limit: float
    time_limit: float
    max_retries: int = 3


QUEUES = {
    "email": QueueLimits("email", soft_time_limit=285, time_limit=300),
    "ai": QueueLimits("ai", soft_time_limit=110, time_limit=120),
    "crm": QueueLimits("crm", soft_time_limit=27, time_limit=30),
}


def limits(queue: str) -> QueueLimits:
    """Raises UnknownQueue, naming the queues there are."""
    try:
        return QUEUES[queue]
    except KeyError:
        raise UnknownQueue(f"Unknown queue {queue!r}. Queues: {', '.join(QUEUES)}.", field="queue") from None


def route(name: str, args: Any, kwargs: Any, options: Any, task: Any = None, **_: Any) -> dict[str, str]:
    """Celery's routing rule: the queue that the task was declared on, else email."""
    spec = registry.find(name)
    return {"queue": spec.queue if spec else "email"}


class JobQueue:
    """One queue as its callers see it: declare tasks on it, enqueue, ask.

    The facade of the old platform; everything behind it is `jobs.services`.
    """

    def __init__(self, name: str) -> None:
        self.limits = limits(name)
        self.name = name

    def __repr__(self) -> str:
        return f"<JobQueue {self.name}>"

    def task(
        self,
        name: str | None = None,
        *,
        max_retries: int | None = None,
        soft_time_limit: float | None = None,
        time_limit: float | None = None,
        atomic: bool = False,
        effects: bool = False,
        local: bool | None = None,
        names_job: str = "",
        sensitive: Sequence[str] = (),
        permanent: Sequence[type[Exception]] = (),
        retry: Rules | None = None,
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Declare a function as a task of this queue.

        Args:
            name: The task's name everywhere; the function's own by default.
            max_retries: Runs after the first.
            soft_time_limit: Seconds after which SoftTimeLimitExceeded is raised in the task.
            time_limit: Seconds after which its process is killed.
            atomic: Commit what it writes together with its settling: exactly once. No effects, no network.
            effects: It does what cannot be taken back: sends, pays, writes to another system.
            local: It may run in the process that enqueued it while the broker is away; by default if it has no effects.
            names_job: An argument that holds the job's own id: enqueued for a job that is there, that job is returned.
            sensitive: Arguments, and names within arguments and results, masked wherever a job is shown, besides those
                that look secret; `result` is all that it returns.
            permanent: Exceptions that no retry can mend.
            retry: How often and when to retry, by exception. The most specific class named here or in `permanent` wins.

        Raises:
            InvalidArguments: naming the option that makes no sense, when the module is imported.
        """
        options = registry.Options(
            queue=self.name,
            max_retries=self.limits.max_retries if max_retries is None else max_retries,
            soft_time_limit=soft_time_limit or min(self.limits.soft_time_limit, 0.9 * (time_limit or math.inf)),
            time_limit=time_limit or max(self.limits.time_limit, (soft_time_limit or 0) + 15),
            atomic=atomic,
            effects=effects,
            local=not effects if local is None else local,
            names_job=names_job,
            sensitive=tuple(sensitive),
            permanent=tuple(permanent),
            retry=dict(retry or {}),
        )

        def declare(function: Callable[P, R]) -> Callable[P, R]:
            return registry.declare(function, name or function.__name__, options)

        return declare

    def register_task(self, name: str, function: Callable[..., Any]) -> None:
        """Declare a function under a name, unless that name is known already.

        Raises:
            UnknownTask: a worker could not import the function.
        """
        from jobs import legacy

        legacy.register_task(self, name, function)

    def is_connected(self) -> bool:
        """Whether the broker answers. Enqueueing works either way."""
        from jobs import doorbell

        return doorbell.is_connected()

    def enqueue_job(
        self,
        name: str,
        args: Mapping[str, Any],
        max_retries: int | None = None,
        delay: float = 0,
        job_id: str | None = None,
    ) -> str:
        """Enqueue a task of this queue; returns the job's id. `job_id` seen before returns the same job."""
        from jobs import legacy

        return legacy.enqueue_job(self, name, args, max_retries, delay, job_id)

    def get_job_status(self, job_id: str) -> Job | None:
        """The job under its id or its caller's own id, on whichever queue."""
        from jobs import legacy

        return legacy.get_job(job_id)

    def get_job_result(self, job_id: str) -> Any:
        """What the task returned, or None."""
        job = self.get_job_status(job_id)
        return job.result if job else None

    def fail_job(self, job_id: str, error: str, retry: bool = True) -> bool:
        """Count a failure against an unfinished job: retried with backoff while retries are left.

        Returns:
            True only if it changed something.
        """
        from jobs import legacy

        return legacy.fail_job(job_id, error, retry=retry)

    def get_queue_stats(self) -> dict[str, int]:
        """pending_jobs (waiting and due), delayed_jobs, total_jobs, total_results."""
        from jobs import services

        return services.queue_stats(self.name)

    def clear_queue(self) -> int:
        """Cancel every job that waits here. Deletes nothing; returns how many."""
        from jobs import services

        return services.clear_queue(self.name)


email_queue = JobQueue("email")
ai_queue = JobQueue("ai")
crm_queue = JobQueue("crm")


def get_email_queue() -> JobQueue:
    return email_queue


def get_ai_queue() -> JobQueue:
    return ai_queue


def get_crm_queue() -> JobQueue:
    return crm_queue


def send_email_async(to: str, subject: str, body: str, **more: Any) -> str:
    """Enqueue `send_email`; returns the job's id."""
    return email_queue.enqueue_job("send_email", {"to": to, "subject": subject, "body": body, **more})


def process_ai_request_async(prompt: str, user_id: int, **more: Any) -> str:
    """Enqueue `process_ai_request`; returns the job's id."""
    return ai_queue.enqueue_job("process_ai_request", {"prompt": prompt, "user_id": user_id, **more})


def update_crm_async(lead_data: Mapping[str, Any], **more: Any) -> str:
    """Enqueue `update_crm`; returns the job's id."""
    return crm_queue.enqueue_job("update_crm", {"lead_data": dict(lead_data), **more})


def __getattr__(name: str) -> Any:
    # `Job` and `JobStatus` of the old platform need Django's models, which may not be loaded yet when Celery reads
    # its configuration from here.
    if name in ("Job", "JobStatus"):
        from jobs import legacy

        return getattr(legacy, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
