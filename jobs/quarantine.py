"""Messages that were not understood, or that name no job, are kept where a person can see them."""

from __future__ import annotations

import hashlib
import uuid

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet

from jobs import audit, child, identity
from jobs.models import Job, Quarantine

HEAD = 500  # bytes

log = structlog.stdlib.get_logger("jobs")


def keep(item: bytes, queue: str, reason: str) -> None:
    """Keep a message. A database that is away costs the record, never the worker."""
    digest = hashlib.sha256(item).hexdigest()
    log.error("message quarantined", action="quarantined", queue=queue, reason=reason, digest=digest, size=len(item))
    try:
        Quarantine.objects.create(
            queue=queue[:150],
            reason=reason[:300],
            digest=digest,
            size=len(item),
            head=item[:HEAD].decode("utf-8", "replace").replace("\x00", ""),
            worker=identity.current().name,
        )
    except DatabaseError as error:
        log.error("quarantine not written", action="quarantine_failed", error=type(error).__name__)
    finally:
        if not child.is_child():
            connection.close()  # the parent's: its children must not share it


def delete(messages: QuerySet[Quarantine], *, by: str, reason: str = "") -> int:
    """Throw messages away for good; what they were is recorded. Returns how many."""
    with transaction.atomic():
        audit.hold()
        number = 0
        for message in messages.select_for_update():
            before = {name: getattr(message, name) for name in ("queue", "reason", "digest", "size")}
            audit.record("delete", f"quarantined message {message.pk}", by=by, reason=reason, before=before)
            message.delete()
            number += 1
    return number


def keep_if_unknown(job_id: uuid.UUID, task: str) -> str | None:
    """Keep a sound message whose job the ledger does not have: nobody of ours sent it. Else the job's status."""
    status = Job.objects.filter(pk=job_id).values_list("status", flat=True).first()
    if status is None:
        keep(str(job_id).encode(), task, "names no job of the ledger")
    return status
