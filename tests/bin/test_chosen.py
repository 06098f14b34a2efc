"""`bin/test` collects for its steps with processes only the modules that may have such tests."""

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from fikiri.places import BASE


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`bin/chosen.py`, as `bin/test` imports it."""
    monkeypatch.syspath_prepend(BASE / "bin")
    for name in ("chosen", "environment"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module("chosen")


def test_a_module_is_chosen_by_its_own_mark_or_its_folders(chosen: ModuleType, tmp_path: Path) -> None:
    for name, text in {
        "test_own.py": "pytestmark = pytest.mark.slow",
        "test_other.py": "pytestmark = pytest.mark.long",
        "room/conftest.py": "params=[pytest.param('a', marks=pytest.mark.slow)]",
        "room/test_quiet.py": "",
        "room/test_own.py": "@pytest.mark.slow",
    }.items():
        path = tmp_path / "tests" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert chosen.that_set("slow", tmp_path / "tests") == ["tests/room", "tests/test_own.py"]


def test_what_starts_processes_is_marked_where_it_is_looked_for() -> None:
    """In its module or its folder's conftest.py: a mark that comes from elsewhere would be run by no step."""
    setting = [path for path in (BASE / "tests").rglob("*.py") if re.search(r"\bmark\.slow\b", path.read_text())]
    assert [path for path in setting if path.name != "conftest.py" and not path.name.startswith("test_")] == []
