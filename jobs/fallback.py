"""While the broker is away: new jobs run in a few threads of the process that enqueued them, if their task allows it.

They claim like any worker, so a broker that comes back cannot run a job a second time.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence

import structlog
from django.db import DatabaseError, connection

from jobs import broker, registry
from jobs.config import config

THREADS = 2

log = structlog.stdlib.get_logger("jobs")

_slots = threading.BoundedSemaphore(THREADS)
_allowed = False


def allow() -> None:
    """Say that this process lives on after it has enqueued: a web server, not a command that is about to end."""
    global _allowed
    _allowed = True


def offer(ids: Sequence[uuid.UUID], task: str) -> int:
    """Run some of these jobs here, if the broker is away and threads are free. Returns how many were taken."""
    if not (_allowed and ids and config().FALLBACK and broker.is_open()):
        return 0
    spec = registry.find(task)
    if spec is None or not spec.options.local:
        return 0
    taken = 0
    for job_id in ids:
        if not _slots.acquire(blocking=False):
            break
        threading.Thread(target=_run, args=(job_id,), name=f"fallback-{job_id}").start()
        taken += 1
    return taken


def _run(job_id: uuid.UUID) -> None:
    from jobs import executor  # executor -> workflow -> services -> here

    try:
        executor.run(job_id)
    except DatabaseError as error:
        log.warning("fallback gave up", action="fallback_failed", job=str(job_id), error=type(error).__name__)
    finally:
        connection.close()
        _slots.release()
