"""A time limit may strike while a statement is under way. Its answer stays unread: nothing more can be asked there."""

from __future__ import annotations

import psycopg
import structlog
from django.db import connection
from psycopg.pq import TransactionStatus

CANCEL_WITHIN = 1.0  # seconds

log = structlog.stdlib.get_logger("jobs")


def hang_up() -> None:
    """Cancel the statement that this thread's connection still waits for, if any, and let the next one connect anew."""
    session = connection.connection if connection.vendor == "postgresql" else None
    if session is None or session.info.transaction_status != TransactionStatus.ACTIVE:
        return
    try:
        session.cancel_safe(timeout=CANCEL_WITHIN)  # else it would wait on, and commit after all
    except psycopg.Error as error:
        log.warning("statement not cancelled", action="cancel_unheard", error=type(error).__name__)
    connection.close()
