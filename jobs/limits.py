"""Time limits of a run whose process has no parent to watch it: in a pool of threads, or straight from the ledger.

An alarm for the soft one, which only a process's main thread hears; at the hard one this process settles the job and
ends itself, as nothing else ends a thread. What else it ran is rescued.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from jobs import context, identity, lifecycle, reports
from jobs.lifecycle import Claim

log = structlog.stdlib.get_logger("jobs")


@contextmanager
def enforced(claim: Claim) -> Iterator[None]:
    """Hold the block, which runs this claim's job, to its limits."""
    timer = threading.Timer(claim.time_limit, _end_process, (claim,))
    timer.daemon = True
    timer.start()
    in_main = threading.current_thread() is threading.main_thread()
    if in_main:
        signal.signal(signal.SIGALRM, _on_alarm)
        signal.setitimer(signal.ITIMER_REAL, claim.soft_time_limit)
    try:
        yield
    finally:
        if in_main:
            signal.setitimer(signal.ITIMER_REAL, 0)
        timer.cancel()


def _on_alarm(_signal: int, _frame: FrameType | None) -> None:
    if context.current():  # else it has ended at this moment
        raise SoftTimeLimitExceeded


def _end_process(claim: Claim) -> None:
    log.error("ending a stuck process", action="hard_limit", job=str(claim.id), attempt=claim.attempt)
    me = identity.current()
    try:
        lifecycle.lose(claim.id, me.name, me.pid, reports.over_hard_limit(claim.time_limit), died=False)
    finally:  # what the database did not take, rescue finds
        os._exit(1)
