"""Celery's remote control: what cancels goes to the ledger, so that it works with no worker up and after restarts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog
from celery.app.control import Control

log = structlog.stdlib.get_logger("jobs")


class LedgerControl(Control):
    def revoke(
        self,
        task_id: str | Sequence[str],
        destination: Sequence[str] | None = None,
        terminate: bool = False,
        signal: str = "SIGTERM",
        **_: Any,
    ) -> None:
        """Cancel jobs. Nothing that workers would remember is broadcast."""
        from jobs import services
        from jobs.errors import Refused

        for one in [task_id] if isinstance(task_id, str) else task_id:
            try:
                answer = services.cancel(one, by="celery control", reason="terminated" if terminate else "revoked")
                log.info(f"job {answer}", action="revoked", job=str(answer.job.pk), effect=str(answer.effect))
            except Refused as error:
                log.warning("revoke changed nothing", action="revoke_refused", job=one, reason=str(error))

    def terminate(
        self,
        task_id: str | Sequence[str],
        destination: Sequence[str] | None = None,
        signal: str = "SIGTERM",
        **options: Any,
    ) -> None:
        self.revoke(task_id, destination, terminate=True, signal=signal, **options)
