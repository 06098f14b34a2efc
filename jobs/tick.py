"""One bounded round of everything, in this process: for platforms where no process may stay up."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from jobs import direct
from jobs.dispatch import Dispatcher
from jobs.errors import WrongState

_one = threading.Lock()


class AlreadyTicking(WrongState):
    """A round goes on in this process."""

    code = "ALREADY_TICKING"


@dataclass(frozen=True)
class Round:
    """What a round did. `dispatched`: it did the dispatcher's chores; another one works where it did not.

    `due`: jobs that it left because the time was over, or because they do not fit into any round.
    """

    dispatched: bool
    ran: int
    due: int


def run(queues: Sequence[str], seconds: float) -> Round:
    """Do the chores once, then run due jobs until none is left that fits into what is left of the time.

    Raises:
        AlreadyTicking: in this process; other processes may tick at the same time.
    """
    deadline = time.monotonic() + seconds
    if not _one.acquire(blocking=False):
        raise AlreadyTicking("A round goes on already.")
    try:
        dispatched = Dispatcher().run_once()
        ran = direct.run_due(queues, stop=threading.Event(), deadline=deadline)
        return Round(dispatched, ran, direct.due(queues).count())
    finally:
        _one.release()
