"""One queue under measurement: the process that enqueues, and the processes that run its jobs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks import cpu, marks
from benchmarks.servers import Servers
from fikiri.laptop.lifeline import ends_with_parent
from fikiri.places import BASE

POLL = 0.005
PEERS_PYTHON = BASE / "var" / "bench-venv" / "bin" / "python"


@dataclass(frozen=True)
class Subject:
    """A queue to measure: its module in `benchmarks.peers`, and how many jobs make a few seconds of work."""

    module: str
    drain: int  # jobs
    bulk: bool = False
    ours: bool = False


class Queue:
    """Talks to the producer of one subject, which lives as long as the context is open."""

    def __init__(self, subject: Subject, number: int, servers: Servers, folder: Path) -> None:
        self.subject = subject
        self.servers = servers
        self.folder = folder / subject.module
        self.marks = self.folder / "marks"
        self._number = number

    def __enter__(self) -> Self:
        self.folder.mkdir()
        self.servers.create_database(self.subject.module)
        self._log = (self.folder / "log").open("ab")
        python = sys.executable if self.subject.ours else str(PEERS_PYTHON)
        self._producer = subprocess.Popen(
            [python, "-m", "benchmarks.producer", self.subject.module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=BASE,
            env=self.env("producer"),
            preexec_fn=ends_with_parent(),
        )
        self.ask("setup")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._producer.stdin is not None
        self._producer.stdin.close()
        self._producer.wait(30)
        self._log.close()

    def env(self, role: str) -> dict[str, str]:
        """The variables that lead a process of this role to the servers."""
        surroundings = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        settings = {"DJANGO_SETTINGS_MODULE": "benchmarks.ours.settings"} if self.subject.ours else {}
        return {
            **surroundings,
            **settings,
            "DATABASE_URL": self.servers.database_url(self.subject.module, role),
            "REDIS_URL": self.servers.redis_url(self._number),
            "BENCH_MARKS": str(self.marks),
            "FIKIRI_VAR": str(self.folder),
            "FIKIRI_LAPTOP": "1",
            "LOG_LEVEL": "WARNING",
        }

    def ask(self, do: str, **arguments: Any) -> Any:
        """Have the producer do something and return its answer."""
        assert self._producer.stdin is not None
        assert self._producer.stdout is not None
        self._producer.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self._producer.stdin.flush()
        line = self._producer.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.subject.module} broke:\n{(self.folder / 'log').read_text()[-3000:]}")
        return json.loads(line)

    def clear(self) -> None:
        """No job, no message, no mark."""
        self.ask("clear")
        self.marks.unlink(missing_ok=True)

    def workers(self, *, events: bool = False) -> Workers:
        return Workers(self, self.ask("programs", events=events))

    def wait_until_done(self, jobs: int, timeout: float = 120) -> int:
        """Returns when the last one was, in nanoseconds of the clock of `marks`."""
        _wait(lambda: marks.count(self.marks) >= jobs, timeout, self)
        while not self.ask("is_drained", jobs=jobs):
            time.sleep(POLL)
        return time.monotonic_ns()


class Workers:
    """The processes that run a queue's jobs, while the context is open. Cpu seconds by program."""

    def __init__(self, queue: Queue, programs: dict[str, list[str]]) -> None:
        self._queue = queue
        self._programs = programs
        self._started: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        for name, command in self._programs.items():
            self._started[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=self._queue._log,
                stderr=subprocess.STDOUT,
                cwd=BASE,
                env=self._queue.env("dispatcher" if name == "dispatcher" else "worker"),
                start_new_session=True,
                preexec_fn=ends_with_parent(),
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for program in self._started.values():
            program.terminate()
        for program in self._started.values():
            try:
                program.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(program.pid, signal.SIGKILL)
                program.wait()

    def cpu(self) -> dict[str, float]:
        """Seconds of processor time so far, by program, what it has started included."""
        return {name: cpu.of_tree(program.pid) for name, program in self._started.items()}

    def pids(self) -> dict[str, int]:
        return {name: program.pid for name, program in self._started.items()}


def _wait(condition: Callable[[], bool], timeout: float, queue: Queue) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            started = marks.count(queue.marks)
            log = (queue.folder / "log").read_text(errors="replace")[-3000:]
            raise RuntimeError(f"{queue.subject.module} started {started} jobs in {timeout:.0f} s:\n{log}")
        time.sleep(POLL)
