"""The result backend: reads django-celery-results' rows, which the ledger writes when it settles."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import InterfaceError, OperationalError, connections
from django_celery_results.backends.database import DatabaseBackend


class LedgerBackend(DatabaseBackend):  # type: ignore[misc]  # untyped upstream
    """Stores nothing itself: by the time Celery would, the gate has settled job and result in one transaction.

    What only a worker's parent knows (a process lost, a limit passed) is settled by `jobs.request`.
    """

    def _store_result(self, *_: Any, **__: Any) -> Any:
        return None

    def store_result(self, task_id: str, result: Any, *_: Any, **__: Any) -> Any:
        return result

    def mark_as_done(self, *_: Any, **__: Any) -> None:
        """Canvas is followed by the ledger too."""

    def mark_as_failure(self, *_: Any, **__: Any) -> None:
        """Canvas is followed by the ledger too."""

    def apply_chord(self, header_result_args: tuple[str, list[Any]], body: Any, **_: Any) -> None:
        """A chord is a batch: counted by the ledger, its body follows in the transaction that closes it."""
        from jobs import batches  # needs Django's models, which Celery's configuration comes before

        group_id, header = header_result_args
        batches.for_chord(uuid.UUID(group_id), [result.id for result in header], body)

    def process_cleanup(self) -> None:
        """Keep the connection for the next job."""

    def exception_safe_to_retry(self, exc: BaseException) -> bool:
        """A restarted database is reached again on a new connection."""
        if not isinstance(exc, InterfaceError | OperationalError):
            return False
        for connection in connections.all(initialized_only=True):
            connection.close()
        return True

    def cleanup(self) -> None:
        """Results are pruned with their job."""
