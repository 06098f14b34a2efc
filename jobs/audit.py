"""The record of operators' acts: who did what, from where and why. Each entry holds the hash of the one before."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import connection, transaction

from jobs import clock
from jobs.models import AuditEntry
from jobs.reports import clean, storable

LOCK = 0x46494B41  # of PostgreSQL's advisory ones


def record(
    verb: str,
    subject: str,
    *,
    by: str,
    reason: str = "",
    origin: str = "",
    before: Any = None,
    after: Any = None,
) -> AuditEntry:
    """Write an act down in the caller's transaction: it is kept if and only if the act is."""
    with transaction.atomic():
        _one_at_a_time()
        previous = AuditEntry.objects.order_by("-id").values_list("hash", flat=True).first()
        entry = AuditEntry(
            at=clock.now(),
            by=storable(by)[:150],
            origin=storable(origin)[:100],
            verb=verb,
            subject=storable(subject)[:200],
            reason=clean(reason)[:300],
            before=before,
            after=after,
            previous_hash=previous or "",
        )
        entry.hash = _hash(entry)
        entry.save()
    return entry


def first_broken() -> AuditEntry | None:
    """The first entry that was changed, or whose predecessor was changed or removed; None if all is as written."""
    previous = None
    for entry in AuditEntry.objects.order_by("id").iterator():
        if entry.hash != _hash(entry) or previous not in (None, entry.previous_hash):
            return entry
        previous = entry.hash
    return None


def _one_at_a_time() -> None:
    # Two at once would both follow the same entry. SQLite's transactions begin by taking the one write lock.
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _hash(entry: AuditEntry) -> str:
    said = [
        entry.previous_hash,
        entry.at.isoformat(),
        entry.by,
        entry.origin,
        entry.verb,
        entry.subject,
        entry.reason,
        entry.before,
        entry.after,
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
