"""What the dispatcher does every so often beside ringing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError

log = structlog.stdlib.get_logger("jobs")


@dataclass
class Chore:
    """Something to do every so many seconds. `run` returns how much it did."""

    name: str
    run: Callable[[], int]
    every: float
    last: float = field(default=float("-inf"))

    def run_if_time(self) -> None:
        """Do it if it is time. A statement that the database refuses stops neither the others nor the ringing.

        Raises:
            OperationalError, InterfaceError: the database is away.
        """
        if time.monotonic() - self.last < self.every:
            return
        self.last = time.monotonic()
        try:
            self.run()
        except (OperationalError, InterfaceError):
            raise
        except DatabaseError:
            log.exception("chore failed", action="chore_failed", chore=self.name)
