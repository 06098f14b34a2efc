"""Which of the tests' modules a step collects: to read them all takes longer than to run those of some steps."""

from pathlib import Path

import environment

TESTS = environment.ROOT / "tests"


def that_set(mark: str, tests: Path = TESTS) -> list[str]:
    """The modules that set a mark, and the folders whose conftest.py does."""
    setting = sorted(path for path in tests.rglob("*.py") if f"pytest.mark.{mark}" in path.read_text(errors="replace"))
    folders = [path.parent for path in setting if path.name == "conftest.py"]
    modules = [path for path in setting if path.name != "conftest.py" and not set(folders) & set(path.parents)]
    return [str(path.relative_to(tests.parent)) for path in (*folders, *modules)]
