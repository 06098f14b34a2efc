"""The record of operators' acts: who did what, from where and why. Each entry holds the hash of the one before."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from jobs import clock
from jobs.models import AuditEntry
from jobs.origin import here
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
    """Write an act down in the caller's transaction: it is kept if and only if the act is.

    Args:
        origin: The surface; by default the one that the request or command comes from (`jobs.origin`).
        before, after: JSON without anything masked, or that somebody may ask to be forgotten: it stays for ever.
    """
    came = here()
    with transaction.atomic():
        hold()
        entry = AuditEntry(
            at=clock.now(),
            by=storable(by)[:150],
            origin=storable(origin or came.surface)[:100],
            address=came.address,
            verb=verb,
            subject=storable(subject)[:200],
            reason=clean(reason)[:300],
            before=before,
            after=after,
            previous_hash=head(),
        )
        entry.hash = _hash(entry)
        entry.save()
    return entry


def hold() -> None:
    """Nobody else records anything until this transaction ends: two at once would both follow the same entry.

    An act that locks a job calls it first: in this order everywhere, nobody waits in a ring.
    """
    if connection.vendor == "postgresql":  # SQLite's transactions begin by taking the one write lock
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def head() -> str:
    """The newest entry's hash, empty while there is none. Kept elsewhere, it shows later that nothing was cut off."""
    return AuditEntry.objects.order_by("-id").values_list("hash", flat=True).first() or ""


def has(hash_: str) -> bool:
    """Whether the entry that had this hash when it was the newest one is still there."""
    return AuditEntry.objects.filter(hash=hash_).exists()


@dataclass(frozen=True)
class Checked:
    """So many entries are as they were written, up to one that is `broken`; the rest begins after the `last` one."""

    entries: int
    broken: AuditEntry | None = None
    last: int | None = None


def check(after: int = 0, most: int | None = None) -> Checked:
    """Find the first entry that was changed, or whose predecessor was changed or removed.

    Args:
        after: The number of the entry after which to begin, that of the last one of the check before.
        most: Entries to look at; None looks at all.
    """
    previous = AuditEntry.objects.filter(pk=after).values_list("hash", flat=True).first() or ""
    entries = AuditEntry.objects.filter(pk__gt=after).order_by("id")
    number, last = 0, None
    for entry in (entries if most is None else entries[: most + 1]).iterator():
        if number == most:
            return Checked(number, last=last)
        if entry.hash != _hash(entry) or previous != entry.previous_hash:
            return Checked(number, broken=entry)
        number, last, previous = number + 1, entry.pk, entry.hash
    return Checked(number)


def _hash(entry: AuditEntry) -> str:
    said = [
        entry.previous_hash,
        entry.at.isoformat(),
        entry.by,
        entry.origin,
        entry.address,
        entry.verb,
        entry.subject,
        entry.reason,
        entry.before,
        entry.after,
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
