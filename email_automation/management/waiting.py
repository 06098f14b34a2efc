"""Commands that wait for the job they enqueued."""

import threading
import time

from django.core.management.base import CommandError, OutputWrapper

from jobs.legacy import result_of
from jobs.models import Job, JobStatus

POLL = 0.5  # seconds


def wait_for(job: Job, timeout: float, out: OutputWrapper) -> None:
    """Wait until a job has ended and print what it returned.

    Raises:
        CommandError: it did not complete, or not in time.
    """
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    while not (job.is_final or job.status == JobStatus.IN_DOUBT):
        if time.monotonic() > deadline:
            raise CommandError(
                f"Job {job.pk} is still {job.status} after {timeout:g} s. It goes on without this command."
            )
        pause.wait(POLL)
        job.refresh_from_db()
    if job.status != JobStatus.COMPLETED:
        raise CommandError(f"Job {job.pk} is {job.status}: {job.error or job.reason or 'no reason given'}")
    out.write(str(result_of(job)))
