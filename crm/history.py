"""What happened, written once: the activities of contacts and leads."""

from __future__ import annotations

from datetime import datetime

from crm.merging import Changes, shown
from crm.models import Activity, Contact, Lead
from crm.words import Kind
from jobs import context


def entry(
    subject: Contact | Lead,
    kind: Kind,
    occurred_at: datetime,
    *,
    text: str = "",
    changes: Changes | None = None,
    message_key: str | None = None,
    by_id: int | None = None,
) -> Activity:
    """An activity of a contact or a lead, not yet saved. It keeps the id of the job that runs, if one does."""
    running = context.current()
    lead = subject if isinstance(subject, Lead) else None
    return Activity(
        user_id=subject.user_id,
        contact_id=lead.contact_id if lead else subject.pk,
        lead=lead,
        kind=kind,
        text=text,
        changes=shown(changes or {}),
        message_key=message_key,
        job_id=running.id if running else None,
        by_id=by_id,
        occurred_at=occurred_at,
    )
