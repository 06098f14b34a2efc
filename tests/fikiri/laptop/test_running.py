"""One `up` to a folder; others learn where everything is."""

import os
import sys
from pathlib import Path

import pytest

from fikiri import places
from fikiri.laptop.running import AlreadyRunningError, Running
from tests.servers.programs import Programs, eventually

HOLDER = """
import signal
from fikiri.laptop.running import Running
running = Running()
print("has it", flush=True)
signal.pause()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIKIRI_VAR", str(tmp_path))
    for name in ("REDIS_URL", "DATABASE_URL", "SMTP_HOST", "SMTP_PORT", "WEB_PORT"):
        monkeypatch.delenv(name, raising=False)


def test_another_terminal_learns_what_was_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/3")
    running = Running()
    running.tell({"SMTP_PORT": "8026"})
    known = places.running()
    assert (known["REDIS_URL"], known["SMTP_PORT"], known["FIKIRI_LAPTOP"]) == ("redis://elsewhere/3", "8026", "1")
    running.end()


def test_nothing_is_known_when_nothing_runs() -> None:
    assert places.running() == {}
    Running().end()
    assert places.running() == {}


def test_a_second_one_is_refused_and_told_who_is_first() -> None:
    running = Running()
    running.tell({"WEB_PORT": "8001"})
    with pytest.raises(AlreadyRunningError) as refused:
        Running()
    assert refused.value.variables["WEB_PORT"] == "8001"
    assert refused.value.variables["FIKIRI_PID"] == str(os.getpid())
    running.end()


def test_the_next_one_may_start_after_the_first_has_ended() -> None:
    Running().end()
    Running().end()


@pytest.mark.slow
def test_one_that_was_killed_is_no_obstacle(programs: Programs) -> None:
    holder = programs.start(sys.executable, "-c", HOLDER, FIKIRI_VAR=str(places.var()))
    eventually(lambda: "has it" in programs.output(holder), what="the lock")
    assert places.running()["FIKIRI_PID"] == str(holder.pid)
    holder.kill()
    holder.wait()
    assert places.running() == {}
    Running().end()


def test_only_its_owner_may_read_the_file() -> None:
    running = Running()
    assert (places.var() / places.RUNNING).stat().st_mode & 0o077 == 0
    running.end()
