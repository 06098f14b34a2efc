"""The platform's own task."""

from jobs.models.job import CANARY
from jobs.queues import email_queue


@email_queue.task(name=CANARY, max_retries=0, local=False)
def canary() -> None:
    """Does nothing: that it was done says that somebody consumes."""
