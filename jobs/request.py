"""What a worker's parent knows of a message that its pool runs: which process, and how that process ended."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, cast

from billiard import einfo
from billiard.exceptions import TimeLimitExceeded
from celery.worker.request import Request

from jobs import lifecycle, parent, reports
from jobs.reports import Report


class JobRequest(Request):
    def revoked(self) -> bool:
        """Only the ledger revokes: Celery's own memory of it is lost at restart, and would eat a replayed job."""
        return False

    def on_failure(self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False) -> Any:
        error = exc_info.exception
        if isinstance(error, einfo.ExceptionWithTraceback):
            error = error.exc
        if isinstance(error, TimeLimitExceeded):
            self._settle(reports.over_hard_limit(error.args[0]), died=False)
        elif not return_ok:  # the child said nothing itself: it is gone
            died = f"Its process {self.worker_pid} died: {error}"
            self._settle(reports.of_text(died, error_class="WorkerLost"), died=True)
        return super().on_failure(exc_info, send_failed_event, return_ok)

    def cancel(self, pool: Any, signal: Any = None, emit_retry: bool = True) -> None:
        """A stopping worker hands back what did not finish in its grace."""
        self._tell(lambda pid: lifecycle.release(uuid.UUID(self.id), self.hostname, pid, "its worker was stopped"))
        super().cancel(pool, signal, emit_retry)

    def _settle(self, report: Report, *, died: bool) -> None:
        self._tell(lambda pid: lifecycle.lose(uuid.UUID(self.id), self.hostname, pid, report, died=died))

    def _tell(self, verb: Callable[[int], object]) -> None:
        """Write to the ledger what became of this request's process, once and briefly."""
        if self.worker_pid is None:
            return
        pid = cast("int", self.worker_pid)
        parent.write(self.id, lambda: verb(pid))
