"""The same jobs on plain Celery, as its own documents and this project's notes tune it: no ledger, Redis alone.

Acknowledged late, redelivered when a worker is lost, short time-outs, a visibility time-out just over the hard limit,
retries of what fails. Every task's effect is one line outside; what is enqueued is accepted when `delay` returns.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from celery import Celery, Task
from kombu.exceptions import OperationalError

from jobs.drill import outside
from jobs.drill.wishes import Wish, timed

PAUSE = 0.2  # seconds between tries to publish

app = Celery("plain")
app.conf.update(
    broker_url=os.environ["DRILL_BROKER"],
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": 12,
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        "health_check_interval": 5,
        "global_keyprefix": "fikiri:",
    },
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_publish_retry=False,
    task_ignore_result=True,
    task_time_limit=10,
    task_soft_time_limit=8,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_soft_shutdown_timeout=3,
    task_default_queue="email",
    task_routes={
        f"drill_{name}": {"queue": queue}
        for name, queue in {
            "slow": "ai",
            "flaky": "ai",
            "slices": "ai",
            "write": "crm",
            "quick": "crm",
            "refused": "crm",
        }.items()
    },
)


def body(self: Task[Any, Any], key: str, pause: float, seconds: float = 0) -> None:
    """What each task comes to: wait, one line outside, wait."""
    if self.name == "drill_flaky" and self.request.retries == 0:
        raise self.retry(exc=ConnectionError("the first run was to fail"), countdown=0.5, max_retries=None)
    if self.name == "drill_slices" and self.request.retries < 2:
        raise self.retry(countdown=0.2, max_retries=None)
    threading.Event().wait(seconds + pause)
    outside.add(Path(os.environ["DRILL_FOLDER"]) / outside.EFFECTS, key=key, pid=os.getpid())
    threading.Event().wait(pause)


tasks: Mapping[str, Any] = {
    f"drill_{name}": app.task(name=f"drill_{name}", bind=True)(body)
    for name in ("send", "send_blind", "slow", "flaky", "slices", "write", "quick", "refused")
}


def main() -> None:
    """The enqueuer: `python -m jobs.drill.plain JOBS SEED SECONDS STARTED`."""
    jobs, seed, seconds, started = sys.argv[1:]
    accepted = Path(os.environ["DRILL_FOLDER"]) / outside.ACCEPTED
    done = set(outside.counts(accepted))
    for at, group in timed(int(seed), int(jobs), float(seconds)):
        threading.Event().wait(max(0.0, float(started) + at - time.time()))
        for wish in group:
            if wish.key not in done:
                _accept(wish, accepted)


def _accept(wish: Wish, accepted: Path) -> None:
    while True:
        before = time.monotonic()
        try:
            tasks[wish.task].apply_async(kwargs=wish.arguments, task_id=wish.key, countdown=wish.delay or None)
        except (OperationalError, OSError):
            threading.Event().wait(PAUSE)
        else:
            took = time.monotonic() - before
            return outside.add(accepted, durable=True, key=wish.key, task=wish.task, took=round(took, 4))


if __name__ == "__main__":
    main()
