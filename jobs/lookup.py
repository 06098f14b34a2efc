"""Finding one job by what its callers know it by."""

from __future__ import annotations

import uuid

from jobs.errors import JobNotFound
from jobs.models import Job
from jobs.reports import storable


def find(job_id: str | uuid.UUID) -> Job:
    """A job by its id, or by its caller's own id.

    Raises:
        JobNotFound: there is none.
    """
    text = str(job_id)
    job = None
    if storable(text) == text:
        job = _by_id(text) or Job.objects.filter(key=text).first()
    if job is None:
        raise JobNotFound(f"There is no job {text[:200]!r}.", field="job_id")
    return job


def _by_id(text: str) -> Job | None:
    try:
        return Job.objects.filter(pk=uuid.UUID(text)).first()
    except ValueError:
        return None
