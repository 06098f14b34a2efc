"""Successes of short jobs are settled in small groups by a thread of the pool's process.

The next job is claimed and run meanwhile. What a killed process had not written yet is rescued like any running job,
so only jobs that may run again are settled this way.
"""

from __future__ import annotations

import os
import threading
import time

import structlog
from django.db import DatabaseError, InterfaceError, connection

from jobs import child, lifecycle, registry
from jobs.config import config
from jobs.lifecycle import Claim

BACKLOG = 200  # settlings that may wait before the process waits for them
PAUSE = 0.5  # seconds between tries while the database is away

log = structlog.stdlib.get_logger("jobs")

Settlement = tuple[Claim, str]


def may_group(claim: Claim) -> bool:
    """Whether the job's success may be written a few milliseconds late."""
    if not child.is_child() or claim.workflow or config().GROUP < 2:
        return False
    spec = registry.find(claim.task)
    return spec is not None and not spec.options.effects and not spec.options.atomic


def add(claim: Claim, result: str) -> None:
    """Settle a success soon."""
    _of_this_process().add((claim, result))


def flush() -> None:
    """Wait until everything of this process is settled: before it ends."""
    if _settler is not None and _settler.pid == os.getpid():
        _settler.flush()


class GroupSettler(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="settler", daemon=True)
        self.pid = os.getpid()
        self._waiting: list[Settlement] = []
        self._writing = 0
        self._changed = threading.Condition()

    def add(self, settlement: Settlement) -> None:
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < BACKLOG)
            self._waiting.append(settlement)
            if len(self._waiting) in (1, config().GROUP):
                self._changed.notify_all()

    def flush(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._writing)

    def run(self) -> None:
        while True:
            group = self._next_group()
            self._write(group)
            with self._changed:
                self._writing = 0
                self._changed.notify_all()

    def _next_group(self) -> list[Settlement]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            self._changed.wait_for(lambda: len(self._waiting) >= config().GROUP, timeout=config().GROUP_FOR)
            group, self._waiting = self._waiting[: config().GROUP], self._waiting[config().GROUP :]
            self._writing = len(group)
            return group

    def _write(self, group: list[Settlement]) -> None:
        """One statement for all; if it fails, one each, so that a single bad row cannot hold up the others."""
        try:
            self._complete(group)
        except (DatabaseError, InterfaceError):
            connection.close()
            for settlement in group:
                self._write_one(settlement)

    def _write_one(self, settlement: Settlement) -> None:
        claim, _ = settlement
        deadline = time.monotonic() + claim.time_limit
        pause = threading.Event()
        while True:
            try:
                return self._complete([settlement])
            except (DatabaseError, InterfaceError) as error:
                connection.close()
                if time.monotonic() > deadline:  # rescue runs it again
                    log.error("not settled", action="settle_failed", job=str(claim.id), error=type(error).__name__)
                    return None
                pause.wait(PAUSE)

    def _complete(self, group: list[Settlement]) -> None:
        settled = lifecycle.complete(group)
        for claim, _ in group:
            if claim.id not in settled:
                log.warning("attempt superseded", action="job_superseded", job=str(claim.id), attempt=claim.attempt)


_settler: GroupSettler | None = None


def _of_this_process() -> GroupSettler:
    global _settler
    if _settler is None or _settler.pid != os.getpid():
        _settler = GroupSettler()
        _settler.start()
    return _settler
