"""A database of the drill's own: SQLite in its folder, or a PostgreSQL cluster that it may restart."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, unquote

import psycopg

from jobs.drill import system
from jobs.drill.redis_server import ServerMissing

USER = "drill"
SOCKET = ".s.PGSQL.5432"
START_WITHIN = 60.0  # seconds; after a crash it reads its log first
# What is committed has to survive a crash of the server, not one of the machine.
SETTINGS = ("fsync=off", "full_page_writes=off", "shared_buffers=64MB", "max_connections=200", "listen_addresses=")

Row = Sequence[Any]


class Database(Protocol):
    """What the drill asks of either."""

    vendor: str

    @property
    def url(self) -> str:
        """Where processes find it."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Rows; `%s` marks a parameter. Raises the driver's own errors."""


class Sqlite:
    vendor = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ledger.sqlite3"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def start(self) -> None:
        """There is no server."""

    def stop(self) -> None:
        """There is no server."""

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[Row]:
        with closing(sqlite3.connect(self.path, timeout=60, isolation_level=None)) as connection:
            return connection.execute(statement.replace("%s", "?"), parameters).fetchall()


class Postgres:
    """A cluster in a folder of its own, on a unix socket. As root it runs as the account `postgres`."""

    vendor = "postgresql"

    def __init__(self, front: Path) -> None:
        """`front` is the folder of the socket through which processes reach it; see `Proxy`."""
        self.binaries = find_binaries()
        self.front = front
        self.folder = Path(tempfile.mkdtemp(prefix="fikiri-drill-pg-"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgres://{USER}@{quote(str(self.front), safe='')}/postgres"

    @property
    def socket(self) -> Path:
        return self.folder / SOCKET

    def start(self) -> None:
        """Make the cluster if it is new, and start it. Returns when it answers."""
        if not (self.folder / "data").exists():
            self._make()
        options = [
            word for setting in (*SETTINGS, f"unix_socket_directories={self.folder}") for word in ("-c", setting)
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [self.binaries / "postgres", "-D", self.folder / "data", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                user=_account(),
                start_new_session=True,
                preexec_fn=system.ends_with_parent(signal.SIGQUIT),
            )
        deadline = time.monotonic() + START_WITHIN
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text(errors='replace')}")
            time.sleep(0.05)

    def crash(self) -> None:
        """Stop it as a crash would: no checkpoint, every connection dropped."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None

    def stand_still(self) -> None:
        """Stop it in the middle of everything, until `go_on`: connections stay, nothing answers."""
        if self._process is not None:
            system.send(signal.SIGSTOP, self._process.pid, *system.descendants(self._process.pid))

    def go_on(self) -> None:
        if self._process is not None:
            system.send(signal.SIGCONT, self._process.pid, *system.descendants(self._process.pid))

    def stop(self) -> None:
        """End it and remove what it stored."""
        self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def answers(self) -> bool:
        try:
            self.query("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def end_connections(self) -> int:
        """Terminate every client's connection. Returns how many there were."""
        return len(
            self.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
        )

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[Row]:
        with psycopg.connect(
            host=str(self.folder), user=USER, dbname="postgres", autocommit=True, connect_timeout=5
        ) as connection:
            cursor = connection.execute(statement.encode(), parameters)
            return list(cursor.fetchall()) if cursor.description else []

    def _make(self) -> None:
        if account := _account():
            shutil.chown(self.folder, account)
        subprocess.run(  # noqa: S603 - our own command
            [
                self.binaries / "initdb",
                "--no-sync",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                *("-U", USER),
                self.folder / "data",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            user=_account(),
            cwd="/",
        )


def find_binaries() -> Path:
    """Where PostgreSQL's programs lie; the newest, as Debian keeps them out of PATH.

    Raises:
        ServerMissing: there are none.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    in_path = shutil.which("initdb")
    if in_path is None:
        raise ServerMissing(
            "PostgreSQL's programs are not on this machine. Install them (Debian and Ubuntu: apt install postgresql), "
            "or use --database sqlite."
        )
    return Path(in_path).resolve().parent


def django_settings(url: str) -> dict[str, Any]:
    """Django's DATABASES entry, with the options that the product uses."""
    if url.startswith("sqlite:///"):
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": url.removeprefix("sqlite:///"),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;",
            },
            **_KEPT,
        }
    user, _, place = url.removeprefix("postgres://").partition("@")
    host, _, name = place.partition("/")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": unquote(host),
        "USER": user,
        "NAME": name,
        "OPTIONS": {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3},
        **_KEPT,
    }


_KEPT = {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}


def _account() -> str | None:
    """PostgreSQL refuses to run as root; its own account does not."""
    if os.getuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        raise ServerMissing(
            "PostgreSQL refuses to run as root, and there is no account postgres to run it as."
        ) from None
