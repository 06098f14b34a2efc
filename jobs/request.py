"""What a worker's parent knows of a message that its pool runs: which process, and how that process ended."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, TypeVar, cast

from billiard import einfo
from billiard.exceptions import TimeLimitExceeded
from celery.exceptions import Ignore
from celery.worker.request import Request

from jobs import lifecycle, parent, reports
from jobs.models import WAITING, JobStatus
from jobs.reports import Report
from jobs.task import CANCELLED, NOTHING

T = TypeVar("T")


class JobRequest(Request):
    _became: JobStatus | None = None  # what its parent settled the job as

    def revoked(self) -> bool:
        """Only the ledger revokes: Celery's own memory of it is lost at restart, and would eat a replayed job."""
        return False

    def on_failure(self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False) -> Any:
        error = exc_info.exception
        if isinstance(error, einfo.ExceptionWithTraceback):
            error = error.exc
        if isinstance(error, Ignore):
            self._tell_ignored(str(error))
        if isinstance(error, TimeLimitExceeded):
            self._settle(reports.over_hard_limit(error.args[0]), died=False)
        elif not return_ok:  # the child said nothing itself: it is gone
            died = f"Its process {self.worker_pid} died: {error}"
            self._settle(reports.of_text(died, error_class=reports.WORKER_LOST), died=True)
        return super().on_failure(exc_info, send_failed_event, return_ok)

    def send_event(self, type: str, **fields: Any) -> None:  # noqa: A002 - Celery's name
        """Tell watchers what became of the job, not of the process."""
        if type == "task-failed" and self._became == JobStatus.CANCELLED:
            super().send_event("task-revoked", terminated=True, signum=None, expired=False)
        elif type == "task-failed" and self._became in WAITING:
            super().send_event("task-retried", exception=fields.get("exception", ""), traceback="")
        else:
            super().send_event(type, **fields)

    def cancel(self, pool: Any, signal: Any = None, emit_retry: bool = True) -> None:
        """A stopping worker hands back what did not finish in its grace."""
        self._tell(lambda pid: lifecycle.release(uuid.UUID(self.id), self.hostname, pid, "its worker was stopped"))
        super().cancel(pool, signal, emit_retry)

    def _settle(self, report: Report, *, died: bool) -> None:
        self._became = self._tell(lambda pid: lifecycle.lose(uuid.UUID(self.id), self.hostname, pid, report, died=died))

    def _tell(self, verb: Callable[[int], T]) -> T | None:
        """Write to the ledger what became of this request's process, once and briefly."""
        if self.worker_pid is None:
            return None
        pid = cast("int", self.worker_pid)
        return parent.write(self.id, lambda: verb(pid))

    def _tell_ignored(self, why: str) -> None:
        """Celery says nothing of an ignored task: watchers would see it run for ever."""
        if why != CANCELLED and self._eventer:
            self._eventer.forget(self.id)
        if why != NOTHING:
            self.send_event("task-revoked", terminated=False, signum=None, expired=False)
