"""What a running job keeps for its next attempt. Written at once, and only by the attempt that owns the job."""

from __future__ import annotations

import uuid

from jobs.clock import Now
from jobs.errors import Superseded
from jobs.lifecycle.moves import owned
from jobs.lifecycle.values import Claim
from jobs.models import Checkpoint


def keep(claim: Claim, value: str) -> bool | None:
    """Keep a value, as JSON text. Returns whether a cancel was asked; None when the job is no longer this attempt's."""
    try:
        with owned(claim) as job:
            Checkpoint.objects.bulk_create(
                [Checkpoint(job=job, value=value, attempt=claim.attempt, kept_at=Now())],
                update_conflicts=True,
                unique_fields=["job"],
                update_fields=["value", "attempt", "kept_at"],
            )
            return job.cancel_requested_at is not None
    except Superseded:
        return None


def kept(job_id: uuid.UUID) -> str | None:
    """What was kept last, as JSON text."""
    return Checkpoint.objects.filter(job=job_id).values_list("value", flat=True).first()
