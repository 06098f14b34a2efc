"""A platform that lacks nothing: what a test then takes away is all that is wrong."""

import uuid
from collections.abc import Sequence

from jobs.clock import Now
from jobs.models import Lease, WorkerBeat
from jobs.queues import QUEUES
from jobs.worker import DISPATCHER
from tests.jobs.states import HERE


def worker(queues: Sequence[str] = tuple(QUEUES)) -> WorkerBeat:
    """One that lives, with two slots."""
    return WorkerBeat.objects.create(
        boot=HERE.boot, name=HERE.name, host="here", pid=1, queues=queues, slots=2, started_at=Now(), beat_at=Now(600)
    )


def dispatcher() -> None:
    """One that works."""
    Lease.objects.create(name=DISPATCHER, holder=uuid.uuid4(), until=Now(60))
