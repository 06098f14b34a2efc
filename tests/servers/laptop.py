"""`manage.py up` and `bin/run`, run as a person would, in a folder of their own."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fikiri.places import BASE
from tests.servers.ports import free_port
from tests.servers.programs import Programs, eventually

SAMPLE = BASE / "email_automation" / "sample" / "sample.mbox"
SURROUNDINGS = ("PATH", "HOME", "LANG", "CI")  # and pip's own; nothing of the test run's settings


@dataclass
class Laptop:
    """One checkout, one folder for what is made at run time, its own ports."""

    folder: Path
    programs: Programs
    checkout: Path = BASE
    ports: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ports = {name: free_port() for name in ("WEB_PORT", "FLOWER_PORT", "SMTP_PORT")}

    def env(self, **more: str) -> dict[str, str]:
        """A person's environment: nothing of this test run, the ports, and `more`."""
        kept = {name: value for name, value in os.environ.items() if name in SURROUNDINGS or name.startswith("PIP_")}
        ports = {name: str(port) for name, port in self.ports.items()}
        return {**kept, **ports, "FIKIRI_VAR": str(self.folder), **more}

    def manage(self, *arguments: str, timeout: float = 120, **env: str) -> subprocess.CompletedProcess[str]:
        """`manage.py ...` to its end, in a second terminal."""
        return self.run(sys.executable, str(self.checkout / "manage.py"), *arguments, timeout=timeout, **env)

    def run(self, *command: str, timeout: float = 120, **env: str) -> subprocess.CompletedProcess[str]:
        """A command to its end, from another directory than the checkout."""
        return subprocess.run(
            command,
            env=self.env(**env),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def up(self, *arguments: str, **env: str) -> subprocess.Popen[bytes]:
        """`manage.py up`, until somebody ends it."""
        command = [sys.executable, str(self.checkout / "manage.py"), "up", *arguments]
        return self.programs.start_in(self.env(**env), *command)

    def process(self, word: str) -> int:
        """The process id of the one program of this laptop that has a word in its command."""
        commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes().decode() for pid in self.programs.pids()}
        (found,) = [pid for pid, command in commands.items() if word in command]
        return found

    def is_ready(self, up: subprocess.Popen[bytes]) -> bool:
        """Whether it has said how to stop it, which it says last. Fails the test when it has ended."""
        assert up.poll() is None, self.programs.output(up)
        return "Ctrl-C stops everything" in self.programs.output(up)

    def wait_until_ready(self, up: subprocess.Popen[bytes]) -> str:
        """What it has said by then."""
        eventually(lambda: self.is_ready(up), timeout=120, what="the introduction")
        return self.programs.output(up)


def last_line(ran: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The JSON object that ends standard output."""
    assert ran.stdout, ran.stderr
    summary: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return summary


def interrupt(up: subprocess.Popen[bytes], timeout: float = 60) -> int:
    """Ctrl-C. Returns the exit code."""
    up.send_signal(signal.SIGINT)
    return up.wait(timeout)
