"""While the broker is away the dispatcher has due jobs run by child processes of its own, straight from the ledger.

They claim like any worker, so nothing runs twice when the broker is back.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import structlog

from jobs import broker, child, direct
from jobs.config import config

PROCESSES = 2
STOP_WITHIN = 30.0  # seconds

log = structlog.stdlib.get_logger("jobs")


class StandIn:
    def __init__(self, queues: Sequence[str]) -> None:
        self.queues = queues
        self._children: list[subprocess.Popen[bytes]] = []

    def run_once(self) -> int:
        """Start a child for due jobs while the broker is away; ask them to stop once it is back. How many run."""
        self._children = [process for process in self._children if process.poll() is None]
        if not broker.is_open():
            self._ask_to_stop()
        elif config().FALLBACK and len(self._children) < PROCESSES and self._due():
            self._children.append(self._start())
        return len(self._children)

    def stop(self) -> None:
        """Let the children finish what they run; kill what takes too long, for rescue to find."""
        self._ask_to_stop()
        for process in self._children:
            try:
                process.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _ask_to_stop(self) -> None:
        for process in self._children:
            process.terminate()

    def _due(self) -> bool:
        return direct.due(self.queues).exists()

    def _start(self) -> subprocess.Popen[bytes]:
        log.warning("running jobs without the broker", action="standin_started")
        command = [sys.executable, sys.argv[0], "worker", "--until-empty", *self.queues]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=child.die_with_parent)  # noqa: S603
