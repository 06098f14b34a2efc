"""What a running task may ask and say about its own job. Outside a job every call is a no-op."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import structlog

from jobs import lifecycle, registry
from jobs.config import config
from jobs.correlation import correlated
from jobs.errors import Cancelled, InvalidArguments, Superseded
from jobs.lifecycle import Claim

PROGRESS_EVERY = 0.5  # seconds between writes


@dataclass
class Running:
    """The job that runs here, and its attempt."""

    claim: Claim
    started: float = field(default_factory=time.monotonic)
    progress_written: float = 0

    @property
    def id(self) -> uuid.UUID:
        return self.claim.id

    @property
    def attempt(self) -> int:
        return self.claim.attempt

    @property
    def owner_id(self) -> int | None:
        return self.claim.owner_id

    @property
    def correlation_id(self) -> str:
        return self.claim.correlation_id

    @property
    def batch_id(self) -> uuid.UUID | None:
        return self.claim.batch_id

    def remaining(self) -> float:
        """Seconds left of the soft time limit."""
        return self.claim.soft_time_limit - (time.monotonic() - self.started)


_running: ContextVar[Running | None] = ContextVar("running_job", default=None)


def current() -> Running | None:
    return _running.get()


def batch_id() -> uuid.UUID | None:
    """The batch of the job that runs here, for what follows it to be counted with it."""
    running = _running.get()
    return running.batch_id if running else None


def progress(current: int, total: int, message: str = "") -> None:
    """Say how far the job is. Written twice a second at most; the end is always written.

    Raises:
        Cancelled: somebody asked for the job to be cancelled.
        Superseded: another attempt owns the job by now.
    """
    running = _running.get()
    if running is None:
        return
    now = time.monotonic()
    if current < total and now - running.progress_written < PROGRESS_EVERY:
        return
    running.progress_written = now
    _heed(lifecycle.progress(running.claim, current, total, message))


def checkpoint(value: Any) -> None:
    """Keep how far the job is: `resume` finds it in every later attempt. Durable when this returns.

    Inside a transaction of the task's own it commits with it: what was done, and how far that is, together.

    Args:
        value: JSON, at most 64 KiB; the last one replaces the one before.

    Raises:
        InvalidArguments: it is no JSON or too large, or the task is atomic.
        Cancelled: somebody asked for the job to be cancelled.
        Superseded: another attempt owns the job by now.
    """
    running = _running.get()
    if running is not None:
        _heed(lifecycle.keep(running.claim, _as_json(running.claim.task, value)))


def resume(otherwise: Any = None) -> Any:
    """What `checkpoint` kept last, in this attempt or an earlier one; `otherwise` if nothing was, or outside a job."""
    running = _running.get()
    kept = lifecycle.kept(running.id) if running else None
    return otherwise if kept is None else json.loads(kept)


def check_cancel() -> None:
    """Raises Cancelled if somebody asked for the job to be cancelled, Superseded if it is another attempt's."""
    running = _running.get()
    if running is not None:
        _heed(lifecycle.cancel_asked(running.claim))


@contextmanager
def running(claim: Claim, began: float | None = None) -> Iterator[Running]:
    """Run the block as this claim's job, whose time limits count since it `began`, on the monotonic clock."""
    here = Running(claim) if began is None else Running(claim, began)
    token = _running.set(here)
    try:
        with (
            correlated(claim.correlation_id),
            structlog.contextvars.bound_contextvars(
                job=str(claim.id), task=claim.task, queue=claim.queue, attempt=claim.attempt
            ),
        ):
            yield here
    finally:
        _running.reset(token)


def _heed(cancel_asked: bool | None) -> None:
    if cancel_asked is None:
        raise Superseded("another attempt owns this job")
    if cancel_asked:
        raise Cancelled("cancelled while running")


def _as_json(task: str, value: Any) -> str:
    spec = registry.find(task)
    if spec is not None and spec.options.atomic:
        raise InvalidArguments(
            f"{task} is atomic: what it did not finish is undone, its checkpoint too. Declare it without atomic=True.",
            field="checkpoint",
        )
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArguments(f"{task}: {_culprit(value)} is not JSON: {error}.", field=_culprit(value)) from None
    if len(text) > config().CHECKPOINT_LIMIT:
        raise InvalidArguments(
            f"{task}: checkpoint is {len(text):,} bytes, the limit is {config().CHECKPOINT_LIMIT:,}. "
            "Store what is large and keep its id.",
            field="checkpoint",
        )
    return text


def _culprit(value: Any) -> str:
    """The first entry of a checkpoint that is not JSON."""
    for name, entry in value.items() if isinstance(value, dict) else ():
        try:
            json.dumps({name: entry}, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            return f"checkpoint.{name}"
    return "checkpoint"
