"""`.venv` is made once, renewed when the locks change, and never trusted when its making was interrupted."""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fikiri.places import BASE

LOCK = "requirements.txt"


@pytest.fixture
def environment(tmp_path: Path) -> ModuleType:
    """`bin/environment.py` of a project in `tmp_path` that needs no package."""
    (tmp_path / "bin").mkdir()
    shutil.copy(BASE / "bin" / "environment.py", tmp_path / "bin")
    (tmp_path / LOCK).write_text("# nothing\n")
    spec = importlib.util.spec_from_file_location("environment", tmp_path / "bin" / "environment.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def commands(environment: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were run; none is really run, all succeed, and `venv` leaves a Python."""
    run: list[list[str]] = []

    def pretend(command: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        run.append(command)
        if "venv" in command:
            environment.PYTHON.parent.mkdir()
            environment.PYTHON.touch()
            environment.PYTHON.with_name("pip").touch()
        return subprocess.CompletedProcess(command, 0, b"")

    monkeypatch.setattr(environment.subprocess, "run", pretend)
    return run


def test_the_first_time_it_makes_and_fills_it(environment: ModuleType, commands: list[list[str]]) -> None:
    environment.prepare(LOCK)
    assert [command[2] for command in commands] == ["venv", "pip"]
    assert "--require-hashes" in commands[1]


def test_the_second_time_it_runs_nothing(environment: ModuleType, commands: list[list[str]]) -> None:
    environment.prepare(LOCK)
    commands.clear()
    environment.prepare(LOCK)
    assert commands == []


def test_a_changed_lock_is_installed_into_what_is_there(environment: ModuleType, commands: list[list[str]]) -> None:
    environment.prepare(LOCK)
    commands.clear()
    (environment.ROOT / LOCK).write_text("# something else\n")
    environment.prepare(LOCK)
    assert [command[2] for command in commands] == ["pip"]


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_an_interrupted_installation_starts_afresh(
    environment: ModuleType, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(environment, "_install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            environment.prepare(LOCK)
    half_installed = environment.VENV / "lib" / "half"
    half_installed.mkdir(parents=True)
    environment.prepare(LOCK)
    assert not half_installed.exists()
    assert [command[2] for command in commands] == ["venv", "venv", "pip"]


def test_an_interrupted_emptying_is_finished_the_next_time(
    environment: ModuleType, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.prepare(LOCK)
    environment.UNFINISHED.touch()
    with monkeypatch.context() as patched:
        patched.setattr(environment.shutil, "rmtree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            environment.prepare(LOCK)
    assert environment.UNFINISHED.exists()
    environment.prepare(LOCK)
    assert not environment.UNFINISHED.exists()


def test_without_ensurepip_this_pythons_own_pip_installs(
    environment: ModuleType, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    without(environment, monkeypatch, "ensurepip")
    monkeypatch.setattr(environment, "_installer", lambda: [sys.executable, "-m", "pip", "--python", "x"])
    environment.prepare(LOCK)
    assert "--without-pip" in commands[0]
    assert "--python" in commands[1]


def test_without_any_pip_it_says_what_to_install(
    environment: ModuleType, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    without(environment, monkeypatch, "ensurepip", "pip")
    environment.VENV.mkdir()
    with pytest.raises(SystemExit, match="apt install python3-venv"):
        environment._installer()


def without(environment: ModuleType, monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    find: Callable[[str], object] = importlib.util.find_spec
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None if name in modules else find(name))


def test_a_requirements_file_that_was_edited_after_the_lock_is_found(environment: ModuleType) -> None:
    for source in environment.SOURCES:
        (environment.ROOT / source).write_text("django\n")
        (environment.ROOT / environment.locked(source)).write_text(f"{environment.fingerprint(source)}\ndjango==5\n")
    assert environment.stale_locks() == []
    (environment.ROOT / "requirements.in").write_text("django\nflask\n")
    assert environment.stale_locks() == ["requirements.in"]


@pytest.mark.slow
def test_a_real_environment_can_be_made_and_used(environment: ModuleType) -> None:
    environment.prepare(LOCK)
    ran = subprocess.run([environment.PYTHON, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True)
    assert Path(ran.stdout.strip()) == environment.VENV
