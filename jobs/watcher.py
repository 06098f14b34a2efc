"""A running job that is asked to cancel and does not stop by itself is stopped by its own process.

The process that runs a job knows best what it runs: a signal from elsewhere, sent to a remembered pid, can hit the
next job.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.db import DatabaseError, connection

from jobs import child, lifecycle, settling, tracing
from jobs.config import config
from jobs.lifecycle import Claim

LOOK_EVERY = 1.0  # seconds; a job that ends between two looks is never asked after

log = structlog.stdlib.get_logger("jobs")

_changing = threading.Lock()
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
    _watched = claim
    try:
        yield
    finally:
        # Under the lock: the watcher kills only while it holds it and the claim is still this one.
        with _changing:
            _watched = None


def _ensure_thread() -> None:
    global _thread, _thread_pid
    if _thread is None or _thread_pid != os.getpid():
        _thread_pid = os.getpid()
        _thread = threading.Thread(target=_watch, name="cancel-watcher", daemon=True)
        _thread.start()


def _watch() -> None:
    pause = threading.Event()
    seen: Claim | None = None
    asked_at = 0.0
    while not pause.wait(LOOK_EVERY):
        claim = _watched
        if claim is None or claim is not seen:  # first seen now: looked after from the next look on
            seen, asked_at = claim, 0.0
        elif not asked_at:
            asked_at = time.monotonic() if _cancel_asked(claim) else 0.0
        elif time.monotonic() - asked_at >= config().CANCEL_GRACE:
            _kill_if_still(claim)


def _cancel_asked(claim: Claim) -> bool:
    """Whether somebody asked; also when the job is another attempt's by now."""
    try:
        return lifecycle.cancel_asked(claim) is not False
    except DatabaseError:
        return False
    finally:
        connection.close()  # this thread's own


def _kill_if_still(claim: Claim) -> None:
    with _changing:
        if _watched is claim:
            log.warning("stopping a cancelled job", action="job_stopped", job=str(claim.id), attempt=claim.attempt)
            settling.flush()
            tracing.shut_down()
            child.kill()
