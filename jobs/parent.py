"""A worker's parent writes to the ledger in its event loop: once and briefly. Others mend what it cannot write."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog
from django.db import DatabaseError, connection, transaction

BRIEFLY = "SET LOCAL lock_timeout = '1s'; SET LOCAL statement_timeout = '2s'"

log = structlog.stdlib.get_logger("jobs")

T = TypeVar("T")


def write(job_id: str, verb: Callable[[], T]) -> T | None:
    """What the verb answers; None if the database did not take it."""
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute(BRIEFLY)
            return verb()
    except DatabaseError as error:
        log.warning("left to the dispatcher", action="parent_write_failed", job=job_id, error=type(error).__name__)
        return None
    finally:
        # The parent forks: a connection kept here would be shared with the next child.
        connection.close()
