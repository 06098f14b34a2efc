"""A running job that is asked to cancel and does not stop by itself is stopped by its own process.

The process that runs a job knows best what it runs: a signal from elsewhere, sent to a remembered pid, can hit the
next job.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.db import DatabaseError, connection

from jobs import child, lifecycle
from jobs.config import config
from jobs.lifecycle import Claim

FIRST_LOOK = 1.0  # seconds; short jobs are never looked after
LOOK_EVERY = 1.0

log = structlog.stdlib.get_logger("jobs")

_state = threading.Condition()
_watched: Claim | None = None
_thread: threading.Thread | None = None
_thread_pid = 0


@contextmanager
def watching(claim: Claim) -> Iterator[None]:
    """Look after a claim while the block runs."""
    global _watched
    if not child.is_child():
        yield
        return
    _ensure_thread()
    with _state:
        _watched = claim
        _state.notify()
    try:
        yield
    finally:
        # Under the lock: the watcher kills only while it holds it and the claim is still this one.
        with _state:
            _watched = None
            _state.notify()


def _ensure_thread() -> None:
    global _thread, _thread_pid
    if _thread is None or _thread_pid != os.getpid():
        _thread_pid = os.getpid()
        _thread = threading.Thread(target=_watch, name="cancel-watcher", daemon=True)
        _thread.start()


def _watch() -> None:
    while True:
        with _state:
            _state.wait_for(lambda: _watched is not None)
            claim = _watched
        if claim is not None:
            _look_after(claim)


def _look_after(claim: Claim) -> None:
    if _gone(claim, FIRST_LOOK):
        return
    try:
        while not _cancel_asked(claim):
            if _gone(claim, LOOK_EVERY):
                return
    finally:
        connection.close()  # this thread's own
    if _gone(claim, config().CANCEL_GRACE):
        return
    with _state:
        if _watched is claim:
            log.warning("stopping a cancelled job", action="job_stopped", job=str(claim.id), attempt=claim.attempt)
            child.kill()


def _gone(claim: Claim, within: float) -> bool:
    """Whether the claim's run ends within so many seconds."""
    with _state:
        return _state.wait_for(lambda: _watched is not claim, timeout=within)


def _cancel_asked(claim: Claim) -> bool:
    try:
        return lifecycle.cancel_asked(claim) is not False
    except DatabaseError:
        connection.close()
        return False
