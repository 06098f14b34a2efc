"""Showing what is masked, to somebody who may see it and says why; it is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from jobs import audit
from jobs.errors import Refused
from jobs.legacy import result_of
from jobs.models import Job


@dataclass(frozen=True)
class Revealed:
    arguments: Any
    result: Any


@transaction.atomic
def reveal(job: Job, *, by: str, reason: str, origin: str = "") -> Revealed:
    """A job's arguments and result as the ledger holds them.

    Raises:
        Refused: no reason is given.
    """
    if not reason.strip():
        raise Refused("Say why: the reason is kept in the audit.", field="reason")
    audit.record("reveal", f"job {job.pk}", by=by, reason=reason, origin=origin)
    return Revealed(job.arguments, result_of(job))
