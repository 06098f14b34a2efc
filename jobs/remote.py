"""What is asked of a worker over the broker, and what its machine says of it."""

from __future__ import annotations

import socket
import uuid
from pathlib import Path
from typing import Any

import celery
from django.db import transaction
from kombu.exceptions import OperationalError

from jobs import audit, broker, control
from jobs.clock import Now
from jobs.config import config
from jobs.errors import Refused
from jobs.models import WorkerBeat

PAGE = 4096  # bytes, of /proc/PID/statm


def stop(boot: uuid.UUID, *, by: str, reason: str = "", origin: str = "") -> WorkerBeat:
    """Ask a worker to end: it takes no more, and what it runs may finish. Recorded with who and why.

    Raises:
        Refused: it is not there any more, or the broker, which would tell it, is away.
    """
    worker = alive(boot)
    with transaction.atomic():
        after = {"boot": str(worker.boot), "host": worker.host, "pid": worker.pid}
        audit.record("stop", f"worker {worker.name}", by=by, reason=reason, origin=origin, after=after)
        tell(worker, "shutdown")
    return worker


def alive(boot: uuid.UUID) -> WorkerBeat:
    """A worker that lives. Raises Refused where it does not."""
    worker = WorkerBeat.objects.filter(pk=boot, beat_at__gt=Now(-config().BEAT_TTL)).first()
    if worker is None:
        raise Refused("This worker does not live any more.", field="worker")
    return worker


def tell(worker: WorkerBeat, command: str, **arguments: Any) -> None:
    """Tell it over the broker; who wishes it is recorded by the caller.

    Raises:
        Refused: the broker is away.
    """
    away = "The broker is away: nobody can tell the worker. Stop it where it runs, with SIGTERM."
    if broker.is_open():
        raise Refused(away, field="worker")
    with control.recorded():
        try:
            celery.current_app.control.broadcast(command, arguments=arguments or None, destination=[worker.name])
        except OperationalError as error:
            raise Refused(away, field="worker") from error


def memory(worker: WorkerBeat) -> int | None:
    """Bytes that it and its pool hold, shared ones counted for each; None if it runs on another machine."""
    if worker.host != socket.gethostname()[:150]:
        return None
    sizes = [_resident(pid) for pid in {worker.pid, *map(int, worker.pids)}]
    return sum(filter(None, sizes)) or None


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, ValueError, IndexError):  # it has ended, or this is no Linux
        return 0
