"""What a running task may ask and say about its own job. Outside a job every call is a no-op."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import structlog

from jobs import lifecycle
from jobs.correlation import correlated
from jobs.errors import Cancelled, Superseded
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

    def remaining(self) -> float:
        """Seconds left of the soft time limit."""
        return self.claim.soft_time_limit - (time.monotonic() - self.started)


_running: ContextVar[Running | None] = ContextVar("running_job", default=None)


def current() -> Running | None:
    return _running.get()


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


def check_cancel() -> None:
    """Raises Cancelled if somebody asked for the job to be cancelled, Superseded if it is another attempt's."""
    running = _running.get()
    if running is not None:
        _heed(lifecycle.cancel_asked(running.claim))


@contextmanager
def running(claim: Claim) -> Iterator[Running]:
    """Run the block as this claim's job."""
    here = Running(claim)
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
