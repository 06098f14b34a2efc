"""`manage.py drill`, as a person runs it: short, with fixed seeds, on both databases; and ended by Ctrl-C."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.drill.databases import find_binaries
from jobs.drill.redis_server import ServerMissing
from jobs.drill.scratch import ROOT
from tests.servers.programs import Programs, descendants, eventually, is_alive

DRILL = (sys.executable, str(ROOT / "manage.py"), "drill")


@pytest.fixture
def scratch() -> Iterator[Path]:
    """Where the drill makes its folders; its sockets' names must not grow too long."""
    folder = Path(tempfile.mkdtemp(prefix="d-"))
    folder.chmod(0o755)  # PostgreSQL may run as another account
    yield folder
    shutil.rmtree(folder)


def environment(scratch: Path) -> dict[str, str]:
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "fikiri.settings", "TMPDIR": str(scratch)}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("database", "seed"), [("sqlite", 5), ("postgres", 8)])
def test_a_short_drill_loses_and_doubles_nothing(scratch: Path, database: str, seed: int) -> None:
    if database == "postgres":
        try:
            find_binaries()
        except ServerMissing as missing:
            pytest.skip(str(missing))
    ran = drill(scratch, "--jobs=120", "--faults=12", f"--seed={seed}", f"--database={database}", "--json")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert (found["accepted"], found["lost"], found["doubled"]) == (120, 0, 0)
    assert sum(found["faults"].values()) >= 8
    assert set(found) == {"accepted", "lost", "doubled", "in_doubt", "late", "faults", "seconds"}
    assert list(scratch.iterdir()) == []


@pytest.mark.timeout(300)
def test_a_short_drill_of_gmail_leaves_no_doubt(scratch: Path) -> None:
    ran = drill(scratch, "--scenario=gmail", "--jobs=60", "--faults=5", "--seed=4", "--json")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert (found["accepted"], found["lost"], found["doubled"], found["in_doubt"]) == (60, 0, 0, 0)


def test_ctrl_c_leaves_nothing_behind(scratch: Path, programs: Programs) -> None:
    ended_by(signal.SIGINT, scratch, programs, "--database=sqlite")


def test_sigterm_leaves_nothing_behind_though_more_of_them_come(scratch: Path, programs: Programs) -> None:
    """Which `timeout` sends twice, and other supervisors until it is over."""
    ended_by(signal.SIGTERM, scratch, programs, "--scenario=mail", "--database=postgres")


def ended_by(number: signal.Signals, scratch: Path, programs: Programs, *arguments: str) -> None:
    """A drill in the middle of its jobs, with all that it has started."""
    running = programs.start_in(environment(scratch), *DRILL, "--jobs=200", "--faults=5", "--seed=1", *arguments)
    eventually(lambda: list(scratch.glob("*/effects")), timeout=60, what="the first job is done")
    others = descendants(running.pid)
    assert others
    deadline = time.monotonic() + 30
    while running.poll() is None and time.monotonic() < deadline:
        running.send_signal(number)
        time.sleep(0.05)
    assert running.poll() == 130, programs.output(running)
    assert [pid for pid in others if is_alive(pid)] == []
    assert list(scratch.iterdir()) == []


def test_nonsense_is_refused(scratch: Path) -> None:
    ran = drill(scratch, "--jobs=0")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "--jobs is to be 1 or more" in ran.stderr


def drill(scratch: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DRILL, *arguments], env=environment(scratch), capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
