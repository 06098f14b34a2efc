"""The drill's set-up: own servers behind proxies, own workers, dispatchers and enqueuer, all in a temporary folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import jobs
from jobs.drill import schema
from jobs.drill.databases import SOCKET, Database, Postgres, Sqlite
from jobs.drill.programs import Program, environment
from jobs.drill.proxy import Proxy
from jobs.drill.redis_server import RedisServer

ROOT = Path(jobs.__file__).parent.parent
SETTINGS = "jobs.drill.settings"


class Scratch:
    """Servers run inside a `with`; programs are added to it, and everything is gone after it.

    settings: The programs' Django settings; `jobs.drill.settings` or more than those.
    """

    def __init__(self, vendor: str | None, settings: str = SETTINGS) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fikiri-drill-"))
        self.settings = settings
        self.vendor = vendor
        self.redis = RedisServer(self.folder)
        self.broker = Proxy(self.folder / "broker.sock", self.redis.socket)
        self.database: Database | None = None
        self.line: Proxy | None = None  # in front of PostgreSQL
        self.programs: list[Program] = []
        self.more_env: dict[str, str] = {}  # what a scenario's programs are told besides
        self.keep = False  # the folder, as evidence
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._stack.callback(self._remove)
            self._stack.callback(self.redis.kill)
            self.redis.start()
            self._stack.callback(self.broker.stop)
            self.broker.start()
            if self.vendor:
                self._make_database()
            self._stack.callback(self.stop_programs)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    @property
    def broker_url(self) -> str:
        """By way of the proxy, as Celery writes it."""
        return f"redis+socket://{self.broker.listen}?virtual_host=0"

    @property
    def postgres(self) -> Postgres | None:
        return self.database if isinstance(self.database, Postgres) else None

    @property
    def env(self) -> dict[str, str]:
        """Leads a program to this set-up."""
        env = environment(DRILL_FOLDER=str(self.folder), DRILL_BROKER=self.broker_url, TMPDIR=str(self.folder))
        if self.database:
            env |= {"DRILL_DATABASE": self.database.url, "DJANGO_SETTINGS_MODULE": self.settings}
        return env | self.more_env

    def manage(self, name: str, *arguments: str) -> Program:
        """A `manage.py` command, running from now on."""
        return self.add(name, [sys.executable, ROOT / "manage.py", *arguments])

    def worker(self, name: str, *arguments: str) -> Program:
        return self.manage(name, "worker", "--name", name, *arguments)

    def dispatcher(self, name: str = "dispatcher") -> Program:
        return self.manage(name, "dispatcher")

    def module(self, name: str, *words: str, once: bool = False) -> Program:
        """`python -m ...` in the project's folder."""
        return self.add(name, [sys.executable, "-m", *words], once=once)

    def add(self, name: str, command: Sequence[str | Path], *, once: bool = False) -> Program:
        env = self.env | {"PYTHONPATH": str(ROOT)}
        program = Program(name, command, env, self.folder / f"{name}.log", once=once)
        self.programs.append(program)
        program.start()
        return program

    def stop(self, program: Program) -> None:
        """End one program for good."""
        program.stop()
        self.programs.remove(program)

    def named(self, prefix: str) -> list[Program]:
        return [program for program in self.programs if program.name.startswith(prefix)]

    def look_after(self) -> None:
        """Start again what has ended. Raises ProgramBroken."""
        for program in self.programs:
            program.look_after()

    def _make_database(self) -> None:
        if self.vendor == "postgresql":
            cluster = Postgres(front=self.folder)
            self._stack.callback(cluster.stop)
            cluster.start()
            self.database, self.line = cluster, Proxy(self.folder / SOCKET, cluster.socket)
            self._stack.callback(self.line.stop)
            self.line.start()
        else:
            self.database = Sqlite(self.folder)
            self.database.start()
        subprocess.run(  # noqa: S603 - our own command
            [sys.executable, ROOT / "manage.py", "migrate", "--verbosity=0"],
            env=self.env | {"PYTHONPATH": str(ROOT)},
            check=True,
            stdin=subprocess.DEVNULL,
        )
        schema.extend(self.database)

    def stop_programs(self) -> None:
        """End all of them for good."""
        for program in self.programs:
            program.kill()

    def _remove(self) -> None:
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)
