"""Runs the tests of a guard in a copy of the tree that does without it."""

import importlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.guard import ROOT, Guard

WITHIN = 300.0  # seconds; a mutant that hangs was noticed
LOOK_EVERY = 0.05
GREEN, RED = 0, 1  # pytest's codes for tests that passed, and failed
FELL = 70  # our own: it did not come so far
# What every run imports, and is none of ours: imported once, inherited by each.
ALL_NEED = (
    *("pytest", "pytest_django.plugin", "hypothesis.stateful", "celery.app.task", "celery.app.amqp", "celery.canvas"),
    *("kombu.transport.redis", "psycopg", "structlog", "requests", "anyio", "valkey"),
    *("django.db.backends.sqlite3.base", "django.db.backends.postgresql.base", "django.forms", "django.test.client"),
)
PYTEST = (
    *("-x", "-q", "--no-header", "-n", "0", "--nomigrations", "-m", "not slow"),
    *("-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"),
)


@dataclass
class Found:
    guard: Guard
    code: int
    seconds: float
    output: str

    @property
    def missed(self) -> bool:
        """Whether a test went red without it."""
        return self.code == RED


@dataclass
class Trial:
    guard: Guard
    tree: Path
    pid: int
    began: float


class Trials:
    def __init__(self, folder: Path, at_once: int) -> None:
        self.trees = [copy_of_the_tree(folder / str(number)) for number in range(at_once)]
        self.under_way: list[Trial] = []
        for name in ALL_NEED:
            importlib.import_module(name)

    def of(self, guards: Sequence[Guard]) -> Iterator[Found]:
        """Try each, a few at a time; of those on PostgreSQL, which share a database, one."""
        left, again = list(guards), list[Guard]()
        while left or self.under_way:
            while (guard := self._next(left)) and self.trees:
                left.remove(guard)
                self._begin(guard)
            for found in self._ended():
                if found.code in (GREEN, RED) or found.guard in again:
                    yield found
                else:  # the run itself failed
                    again.append(found.guard)
                    left.append(found.guard)
            time.sleep(LOOK_EVERY)

    def _next(self, left: list[Guard]) -> Guard | None:
        busy = any(trial.guard.database == "postgresql" for trial in self.under_way)
        return next((guard for guard in left if not (busy and guard.database == "postgresql")), None)

    def _begin(self, guard: Guard) -> None:
        tree = self.trees.pop()
        (tree / guard.path).write_text(guard.without())
        pid = os.fork()
        if pid == 0:
            _run(guard, tree)
        self.under_way.append(Trial(guard, tree, pid, time.monotonic()))

    def _ended(self) -> Iterator[Found]:
        for trial in list(self.under_way):
            pid, status = os.waitpid(trial.pid, os.WNOHANG)
            seconds = time.monotonic() - trial.began
            if not pid and seconds > WITHIN:
                os.killpg(trial.pid, signal.SIGKILL)
                os.waitpid(trial.pid, 0)
                status = RED << 8
            elif not pid:
                continue
            self.under_way.remove(trial)
            shutil.copy2(ROOT / trial.guard.path, trial.tree / trial.guard.path)
            self.trees.append(trial.tree)
            output = (trial.tree / "output").read_text().strip()[-300:]
            yield Found(trial.guard, os.waitstatus_to_exitcode(status), seconds, output)


def copy_of_the_tree(folder: Path) -> Path:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, tracked.decode().split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def _run(guard: Guard, tree: Path) -> None:
    """In a process of its own: pytest on the copy. Never returns."""
    os.setpgid(0, 0)
    os.chdir(tree)
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]  # the copy has its own
    sys.path[:] = [str(tree), *(path for path in sys.path if path not in ("", str(ROOT)))]
    sys.dont_write_bytecode = True
    if guard.database != "postgresql":
        os.environ.pop("TEST_DATABASE_URL", None)
    with Path("output").open("w") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    import pytest

    code = FELL
    try:
        code = int(pytest.main([*PYTEST, *guard.test_files]))
    finally:
        sys.stdout.flush()
        os._exit(code)
