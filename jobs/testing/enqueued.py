"""What was enqueued: looked up in the ledger, so that what was rolled back was not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from jobs import registry
from jobs.models import Job

NEAR = 1.0  # seconds that a delay may be off by


def enqueued(
    task: str, arguments: Mapping[str, Any] | None = None, *, queue: str | None = None, delay: float | None = None
) -> list[Job]:
    """The jobs of a task, in whatever state, oldest first.

    Args:
        arguments: Those that matter; objects inside may be partial too.
        delay: Seconds between enqueueing and the earliest start, to a second.

    Raises:
        UnknownTask: naming the tasks there are.
    """
    jobs = Job.objects.filter(task=registry.get(task).name).order_by("created_at", "id")
    return [
        job
        for job in jobs
        if _includes(job.arguments, arguments or {})
        and queue in (None, job.queue)
        and (delay is None or abs((job.run_at - job.created_at).total_seconds() - delay) <= NEAR)
    ]


def assert_enqueued(
    task: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    count: int | None = None,
    queue: str | None = None,
    delay: float | None = None,
) -> list[Job]:
    """Fail unless such jobs were enqueued: `count` of them, or one at least. Returns them."""
    jobs = enqueued(task, arguments, queue=queue, delay=delay)
    if bool(jobs) if count is None else len(jobs) == count:
        return jobs
    wished = {"arguments": arguments, "queue": queue, "delay": delay}
    what = ", ".join([task, *(f"{name}={value!r}" for name, value in wished.items() if value is not None)])
    wanted = "at least one" if count is None else str(count)
    raise AssertionError(f"{wanted} wanted of {what}; enqueued: {len(jobs)}.\n{_instead(task)}")


def assert_not_enqueued(task: str, arguments: Mapping[str, Any] | None = None, *, queue: str | None = None) -> None:
    """Fail if such a job was enqueued."""
    assert_enqueued(task, arguments, queue=queue, count=0)


def _includes(actual: Any, wanted: Any) -> bool:
    if isinstance(actual, Mapping) and isinstance(wanted, Mapping):
        return all(name in actual and _includes(actual[name], value) for name, value in wanted.items())
    return bool(wanted == actual)  # in this order `mock.ANY` has the word


def _instead(task: str) -> str:
    """What was enqueued, for whoever has to find the difference."""
    own = Job.objects.filter(task=task).order_by("created_at", "id")[:10]
    if own:
        return "\n".join(
            f"  {job.task} {job.arguments} on {job.queue}, delay {(job.run_at - job.created_at).total_seconds():g}"
            for job in own
        )
    others = Counter(Job.objects.order_by().values_list("task", flat=True))
    return "  " + (", ".join(f"{count} of {name}" for name, count in sorted(others.items())) or "nothing at all")
