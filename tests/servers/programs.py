"""The project's own processes, run on a test's database, Redis and folder."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from django.db import connection

from fikiri import places
from fikiri.laptop.lifeline import ends_with_parent

ROOT = places.BASE


class Programs:
    """Starts `manage.py` commands and others; on exit nothing of them is left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for program in self._started:
            kill_group(program)

    def manage(self, *arguments: str, **env: str) -> subprocess.Popen[bytes]:
        """`manage.py worker email` and the like, running in the background."""
        return self.start(sys.executable, str(ROOT / "manage.py"), *arguments, **env)

    def start(self, *command: str, **env: str) -> subprocess.Popen[bytes]:
        """A command with this test's environment and `env`."""
        return self.start_in({**os.environ, **environment(), **env}, *command)

    def start_in(self, env: Mapping[str, str], *command: str) -> subprocess.Popen[bytes]:
        """A command in a session of its own, its output in `output(program)`."""
        log = self.folder / f"program-{len(self._started)}.log"
        with log.open("wb") as output:
            program = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=env,
                start_new_session=True,
                preexec_fn=ends_with_parent(),
            )
        self._started.append(program)
        return program

    def pids(self) -> set[int]:
        """Every process that lives of what was started here, and what that has started."""
        return {pid for program in self._started for pid in {program.pid} | descendants(program.pid) if is_alive(pid)}

    def output(self, program: subprocess.Popen[bytes]) -> str:
        """What it has written so far."""
        return (self.folder / f"program-{self._started.index(program)}.log").read_text(errors="replace")


def environment() -> dict[str, str]:
    """The variables that lead another process to this test's database, Redis and folder."""
    return {
        "DJANGO_SETTINGS_MODULE": "fikiri.settings",
        "FIKIRI_VAR": str(places.var()),
        "FIKIRI_LAPTOP": "1",
        "DATABASE_URL": database_url(),
    }


def database_url() -> str:
    """The test run's own database, as a URL."""
    config = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{config['NAME']}"
    return f"postgres://{config['USER']}:{config['PASSWORD']}@{config['HOST']}:{config['PORT']}/{config['NAME']}"


def is_alive(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def descendants(pid: int) -> set[int]:
    """Every process that a process has started, directly or not, and that lives."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state not in "ZX":
            parents[int(stat.parent.name)] = int(parent)
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def kill_group(program: subprocess.Popen[bytes]) -> None:
    """kill -9 of a program and everything it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    program.wait()


def eventually(condition: Callable[[], object], timeout: float = 60.0, what: str = "") -> None:
    """Wait for something that another process does. Fails the test when it does not come."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen within {timeout:.0f} s: {what or condition}"
        time.sleep(0.02)
