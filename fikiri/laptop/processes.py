"""The programs that `manage.py up` runs: started, started again when they crash, ended together."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fikiri.laptop.interrupts import deferred, uninterrupted
from fikiri.laptop.lifeline import ends_with_parent

STABLE_AFTER = 30.0  # seconds of running after which earlier crashes are forgotten
LONGEST_PAUSE = 30.0  # seconds between two starts
CRASHES_ALLOWED = 5  # in a row, of a program that the rest cannot do without
LOG_LIMIT = 10_000_000  # bytes; a longer log is put aside at the next start


class ProgramFailedError(Exception):
    """An essential program crashed again and again; the message says where to look."""


@dataclass(frozen=True)
class Program:
    """What to run. `grace`: seconds it may take to end when asked to."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    grace: float = 10.0
    essential: bool = True


@dataclass
class _Child:
    program: Program
    process: subprocess.Popen[bytes]
    started_at: float
    crashes: int = 0
    start_again_at: float | None = None


class Processes:
    """Children of this process, each in a session of its own and with its log in `logs/NAME.log`."""

    def __init__(self, folder: Path, logs: Path, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._logs = logs
        self._say = say
        self._children: list[_Child] = []

    def start(self, program: Program) -> None:
        """Run it until `stop`."""
        _put_aside(self.log_of(program.name))
        with deferred():
            self._children.append(_Child(program, self._run(program), time.monotonic()))

    def log_of(self, name: str) -> Path:
        """The file that a program's output goes to."""
        return self._logs / f"{name}.log"

    def tend(self) -> None:
        """Start again what has crashed, after a pause that doubles. Raises ProgramFailedError when that is no use."""
        for child in self._children:
            if child.start_again_at is not None:
                if time.monotonic() >= child.start_again_at:
                    self._restart(child)
            elif child.process.poll() is not None:
                self._note_crash(child)

    def pids(self) -> dict[str, int]:
        """The process ids of what runs, by name."""
        return {child.program.name: child.process.pid for child in self._children if child.process.poll() is None}

    def stop(self) -> None:
        """End all of it: ask, wait as long as each may take, then kill. An interrupt meanwhile kills at once."""
        children, self._children = self._children, []
        asked_at = time.monotonic()
        try:
            for child in children:
                if child.process.poll() is None:
                    child.process.terminate()
            for child in children:
                _wait_until(child.process, asked_at + child.program.grace)
        except KeyboardInterrupt:
            self._say("Stopping at once.")
        finally:
            with uninterrupted():
                for child in children:
                    _kill_group(child.process)

    def _run(self, program: Program) -> subprocess.Popen[bytes]:
        self._logs.mkdir(parents=True, exist_ok=True)
        with self.log_of(program.name).open("ab") as log:
            return subprocess.Popen(  # noqa: S603 (our own command)
                program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **program.env},
                start_new_session=True,
                preexec_fn=ends_with_parent(),
            )

    def _note_crash(self, child: _Child) -> None:
        _kill_group(child.process)  # what it left behind
        ran = time.monotonic() - child.started_at
        child.crashes = 1 if ran > STABLE_AFTER else child.crashes + 1
        name, log = child.program.name, self.log_of(child.program.name)
        if child.crashes >= CRASHES_ALLOWED and child.program.essential:
            raise ProgramFailedError(f"{name} ended {child.crashes} times in a row. The end of {log}:\n{_tail(log)}")
        pause = min(2.0 ** (child.crashes - 1), LONGEST_PAUSE)
        child.start_again_at = time.monotonic() + pause
        self._say(f"{name} ended with {_ending(child.process.returncode)}; it starts again in {pause:.0f} s. See {log}")

    def _restart(self, child: _Child) -> None:
        with deferred():
            child.process = self._run(child.program)
        child.started_at = time.monotonic()
        child.start_again_at = None


def _wait_until(process: subprocess.Popen[bytes], deadline: float) -> None:
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """The process and whatever it started, if any of it is left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody left; macOS says so in the second way
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _put_aside(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))


def _tail(log: Path, lines: int = 15) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 20_000))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])


def _ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
