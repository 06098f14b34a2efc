"""Stopping a worker: it takes no more, what runs may finish for a bounded time, the rest is handed back."""

from __future__ import annotations

import os
import threading
from typing import Any

import structlog
from celery.apps.worker import (  # type: ignore[attr-defined]  # the stubs know the class alone
    Worker,
    during_soft_shutdown,
    install_worker_term_hard_handler,
    on_cold_shutdown,
)

END_WITHIN = 30.0  # seconds after the grace

log = structlog.stdlib.get_logger("jobs")


class LedgerWorker(Worker):
    """With a `worker_soft_shutdown_timeout` SIGTERM is bounded by it; without one it waits for all that runs."""

    def install_platform_tweaks(self, worker: Any) -> None:
        super().install_platform_tweaks(worker)
        if self.app.conf.worker_soft_shutdown_timeout > 0:
            # Celery's own switch for this (REMAP_SIGTERM) is read when billiard is imported: too early for us.
            install_worker_term_hard_handler(worker, sig="SIGTERM", callback=_on_term)

    def wait_for_soft_shutdown(self) -> bool:
        """Return as soon as nothing runs: Celery itself would sleep for the whole time, whatever still runs."""
        from jobs import worker  # needs Django's models; `celery -A fikiri worker` comes here before they are loaded

        grace = self.app.conf.worker_soft_shutdown_timeout
        return grace > 0 and worker.wait_until_idle(grace)


def _on_term(worker: Worker) -> None:
    install_worker_term_hard_handler(worker, sig="SIGTERM", callback=during_soft_shutdown)  # the second time
    _end_at_last(worker.app.conf.worker_soft_shutdown_timeout + END_WITHIN)
    on_cold_shutdown(worker)


def _end_at_last(seconds: float) -> None:
    """End this process if stopping gets stuck. Its children go with it; rescue does the rest."""
    timer = threading.Timer(seconds, _end)
    timer.daemon = True
    timer.start()


def _end() -> None:
    log.error("stopping got stuck: ending at once", action="stop_stuck")
    os._exit(1)
