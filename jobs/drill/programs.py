"""The processes of a set-up, started again when they end, as a supervisor would."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jobs.drill import system

RESTART_AFTER = 1.0  # seconds
MOST_CRASHES = 20  # of one program by itself, before the drill gives up
END_WITHIN = 20.0  # seconds


class ProgramBroken(Exception):
    """A program that nobody killed ends again and again; the message has the end of its log."""


@dataclass
class Program:
    """A command in a session of its own, its output in `log`. `once`: it has an end, and is done at exit code 0."""

    name: str
    command: Sequence[str | Path]
    env: Mapping[str, str]
    log: Path
    once: bool = False
    starts: int = 0
    crashes: int = 0
    is_done: bool = False
    _process: subprocess.Popen[bytes] | None = None
    _ended_at: float | None = field(default=None, repr=False)
    _killed: bool = False

    def start(self) -> None:
        """Call from the main thread: the program ends with the thread that starts it."""
        self.starts += 1
        self._killed, self._ended_at = False, None
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own commands
                list(map(str, self.command)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self.env),
                start_new_session=True,
                preexec_fn=system.ends_with_parent(),
            )

    @property
    def pid(self) -> int | None:
        """While it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def children(self) -> list[int]:
        """The processes that it has started itself: a worker's pool."""
        return system.children(self.pid) if self.pid else []

    def tree(self) -> list[int]:
        return [self.pid, *system.descendants(self.pid)] if self.pid else []

    def kill(self) -> bool:
        """kill -9 of it and all its children. Returns whether it ran."""
        if self.pid is None or self._process is None:
            return False
        self._killed = True
        system.end(self._process)
        return True

    def ask_to_end(self) -> bool:
        """SIGTERM, as a deploy does. Returns whether it ran."""
        if self.pid is None:
            return False
        self._killed = True
        return system.send(signal.SIGTERM, self.pid)

    def look_after(self) -> None:
        """Start it again if it has ended a while ago.

        Raises:
            ProgramBroken: it crashed too often by itself.
        """
        if self.is_done or self._process is None or (code := self._process.poll()) is None:
            return
        if self.once and code == 0:
            self.is_done = True
        elif self._ended_at is None:
            self._ended_at = time.monotonic()
            self._count(code)
        elif time.monotonic() - self._ended_at >= RESTART_AFTER:
            self.start()

    def stop(self) -> None:
        """End it in good order, or kill it after a while. Nothing of it is left."""
        if self._process is None:
            return
        self._killed = True
        system.send(signal.SIGCONT, *self.tree())
        if self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):  # killed below
                self._process.wait(END_WITHIN)
        system.end(self._process)

    def says(self) -> str:
        """Its output so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def _count(self, code: int) -> None:
        if self._killed:
            return
        self.crashes += 1
        if self.crashes > MOST_CRASHES:
            raise ProgramBroken(
                f"{self.name} ended {self.crashes} times by itself, last with {code}:\n{self.says()[-3000:]}"
            )


def environment(**more: str) -> dict[str, str]:
    """What is around a program: nothing of the project's own set-up but the paths."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "VIRTUAL_ENV", "PYTHONPATH")
    return {**{name: os.environ[name] for name in kept if name in os.environ}, "PYTHONUNBUFFERED": "1", **more}
