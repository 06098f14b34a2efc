"""Celery's remote control: what cancels goes to the ledger, so that it works with no worker up and after restarts.

What people do to workers themselves is written down before it is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import django
import structlog
from celery.app.control import Control
from django.apps import apps

CELERY = "celery control"
STEERS = frozenset(
    {
        "shutdown",
        "pool_grow",
        "pool_shrink",
        "pool_restart",
        "autoscale",
        "add_consumer",
        "cancel_consumer",
        "rate_limit",
        "time_limit",
        "set_slots",
    }
)

log = structlog.stdlib.get_logger("jobs")

_is_recorded: ContextVar[bool] = ContextVar("celery_recorded", default=False)
_actor: ContextVar[tuple[str, str]] = ContextVar("celery_actor", default=(CELERY, CELERY))


def act_as(by: str, origin: str) -> None:
    """Say in whose name this context (a request of Flower's, say) steers from now on."""
    _actor.set((by, origin))


@contextmanager
def recorded() -> Iterator[None]:
    """While the block runs, what is told to workers is in the audit already, with more than could be said here."""
    token = _is_recorded.set(True)
    try:
        yield
    finally:
        _is_recorded.reset(token)


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
        set_up()
        for one in [task_id] if isinstance(task_id, str) else task_id:
            self._cancel(str(one), "terminated" if terminate else "revoked")

    def terminate(
        self,
        task_id: str | Sequence[str],
        destination: Sequence[str] | None = None,
        signal: str = "SIGTERM",
        **options: Any,
    ) -> None:
        self.revoke(task_id, destination, terminate=True, signal=signal, **options)

    def broadcast(  # type: ignore[override]  # the rest is handed on as it is
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        destination: Sequence[str] | None = None,
        **options: Any,
    ) -> Any:
        """Tell workers. A revoke becomes a cancel however it is asked for; what steers workers is recorded."""
        if command in ("revoke", "terminate"):
            given = dict(arguments or {})
            return self.revoke(given["task_id"], terminate=command == "terminate" or bool(given.get("terminate")))
        if command in STEERS and not _is_recorded.get():
            set_up()
            _record(command, destination, arguments or {})
        return super().broadcast(command, arguments, destination, **options)

    def _cancel(self, job_id: str, reason: str) -> None:
        from jobs import services
        from jobs.errors import Refused
        from jobs.origin import coming_from

        by, origin = _actor.get()
        try:
            with coming_from(origin):
                answer = services.cancel(job_id, by=by, reason=reason)
        except Refused as error:
            log.warning("revoke changed nothing", action="revoke_refused", job=job_id, reason=str(error))
            return
        log.info(f"job {answer}", action="revoked", job=str(answer.job.pk), effect=str(answer.effect))
        if answer.done and answer.job.worker:
            self._tell(str(answer.job.pk), answer.job.worker)

    def _tell(self, job_id: str, worker: str) -> None:
        """Tell who watches of a job that a worker had once, and no worker will speak of again."""
        from jobs import doorbell

        if not doorbell.is_connected():  # asked first: kombu would wait for ever
            return
        with self.app.events.default_dispatcher(hostname=worker, buffer_while_offline=True) as events:
            events.send("task-revoked", uuid=job_id, terminated=False, signum=None, expired=False)


def _record(command: str, destination: Sequence[str] | None, arguments: Mapping[str, Any]) -> None:
    from jobs import audit

    by, origin = _actor.get()
    subject = f"worker {', '.join(destination) if destination else 'all'}"
    audit.record(command, subject, by=by, origin=origin, after={name: str(value) for name, value in arguments.items()})


def set_up() -> None:
    """Load Django where it is not yet."""
    if not apps.ready:  # `celery -A fikiri flower` and `control` may ask before anybody needed Django's models
        django.setup()
