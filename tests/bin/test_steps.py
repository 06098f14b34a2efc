"""`bin/test` runs every step, then tells what failed and what held only at the second try."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from fikiri.places import BASE


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`bin/steps.py`, as `bin/test` imports it."""
    monkeypatch.syspath_prepend(BASE / "bin")
    for name in ("steps", "environment"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module("steps")


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def test_what_comes_after_a_failed_step_runs_too(steps: ModuleType, capfd: pytest.CaptureFixture[str]) -> None:
    chosen = [
        steps.Step("first", python("exit(3)"), {"COLOUR": "light blue", "FIKIRI_VAR": "/scratch"}),
        steps.Step("second", python("print('it ran')")),
    ]
    assert not steps.report([steps.run(step) for step in chosen])
    told = capfd.readouterr().out
    assert "it ran" in told
    assert "first FAILED" in told
    assert "\nfirst failed. Again:  COLOUR='light blue' " in told
    assert "-c 'exit(3)'\n" in told
    assert "second failed" not in told


def test_all_that_holds_is_told_in_seconds(steps: ModuleType, capfd: pytest.CaptureFixture[str]) -> None:
    assert steps.report([steps.run(steps.Step("only", python("pass")))])
    assert capfd.readouterr().out.endswith(" s  only\n")


def test_small_steps_go_first_together_and_each_is_shown_as_one(
    steps: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each of the two waits for the other in the middle of what it says."""

    def waits_for(other: str, own: str) -> tuple[str, ...]:
        folder = f"from pathlib import Path; import time; own, other = Path({str(tmp_path / own)!r}), "
        return python(
            f"{folder}Path({str(tmp_path / other)!r})\nprint('{own} begins'); own.touch()\n"
            f"while not other.exists(): time.sleep(0.01)\nprint('{own} ends')"
        )

    large = steps.Step(
        "large", python(f"from pathlib import Path; print(len(list(Path({str(tmp_path)!r}).iterdir())))")
    )
    small = [steps.Step(name, waits_for(other, name), small=True) for name, other in (("a", "b"), ("b", "a"))]
    outcomes = steps.run_all([large, *small])
    assert [outcome.step.name for outcome in outcomes] == ["a", "b", "large"]
    told = capfd.readouterr().out
    assert "--- a\na begins\na ends\n" in told
    assert "--- b\nb begins\nb ends\n" in told
    assert told.endswith("--- large\n2\n")


def test_bytecode_is_kept_whatever_the_surroundings_say(
    steps: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    (tmp_path / "module.py").touch()
    assert not steps.run(
        steps.Step("only", python(f"import sys; sys.path.append({str(tmp_path)!r}); import module"))
    ).failed
    assert list((tmp_path / "__pycache__").iterdir())


SHAKY = """
from pathlib import Path

def test_shaky():
    first = Path(__file__).with_name("first")
    if not first.exists():
        first.touch()
        raise OSError("a little late")

def test_steady():
    pass

def test_broken():
    raise OSError("gone for good")
"""


def test_a_test_that_held_at_its_second_try_is_named_with_its_reason(
    steps: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "test_it.py").write_text(SHAKY)
    command = (sys.executable, "-m", "pytest", "-p", "pytest_rerunfailures", "--rootdir", str(tmp_path), str(tmp_path))
    step = steps.Step("shaky", (*command, *steps.ONCE_MORE), {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    outcome = steps.run(step)
    assert "a little late" in capfd.readouterr().out
    assert outcome.second == ["test_it.py::test_shaky"]
    steps.report([outcome])
    told = capfd.readouterr().out
    assert "needed a second try: test_it.py::test_shaky" in told
    assert "1 failed, 2 passed, 2 rerun" in told
