"""A private PostgreSQL cluster. `python -m tests.servers.postgres COMMAND ...` runs a command with one.

The command finds it in TEST_DATABASE_URL.
"""

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.servers.ports import free_port

USER = "fikiri"
START_TIMEOUT = 30.0
# Nothing here has to survive a crash of the machine.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB", "max_connections=200")


class PostgresMissingError(Exception):
    """There is no PostgreSQL server on this machine."""


@contextlib.contextmanager
def postgres(*settings: str) -> Iterator[str]:
    """The URL of a fresh cluster's database, on a free loopback port.

    `settings` are `name=value` of postgresql.conf.
    """
    binaries = find()
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="fikiri-postgres-"))
    if account:
        shutil.chown(folder, account)
    port = free_port()
    server: subprocess.Popen[bytes] | None = None
    try:
        _run(
            binaries / "initdb",
            "--no-sync",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "-U",
            USER,
            folder / "data",
        )
        server = _start(binaries, folder, port, (*FAST, *settings))
        yield f"postgres://{USER}@127.0.0.1:{port}/postgres"
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)  # close connections, then end
            server.wait(30)
        shutil.rmtree(folder)


def find() -> Path:
    """Where PostgreSQL's programs lie; the newest, as Debian keeps them out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    in_path = shutil.which("initdb")
    if in_path is None:
        raise PostgresMissingError("PostgreSQL is not installed. On Debian or Ubuntu: sudo apt install postgresql")
    return Path(in_path).resolve().parent


def _account() -> str | None:
    """PostgreSQL refuses to run as root; its own account does not."""
    if os.getuid() != 0:
        return None
    return pwd.getpwnam("postgres").pw_name


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, user=_account(), cwd="/")


def _start(binaries: Path, folder: Path, port: int, settings: tuple[str, ...]) -> subprocess.Popen[bytes]:
    options = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *settings]
    log = folder / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", folder / "data", *(word for option in options for word in ("-c", option))],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=_account(),
            cwd="/",
            preexec_fn=_dies_with_its_parent,
        )
    deadline = time.monotonic() + START_TIMEOUT
    while subprocess.run([binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-U", USER]).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            server.wait()
            raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")
        time.sleep(0.05)
    return server


def _dies_with_its_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


def main() -> None:
    with postgres() as url:
        sys.exit(subprocess.run(sys.argv[1:], env={**os.environ, "TEST_DATABASE_URL": url}).returncode)


if __name__ == "__main__":
    main()
