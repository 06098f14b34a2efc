"""Each row of what is broken on purpose names a test that there is."""

import re

import pytest

from tests.mutants.guard import ROOT

ROW = re.compile(r"^\| (?P<what>[^|`]+) \| `(?P<file>tests/[\w/]+\.py)::(?P<test>test_\w+)` \|$", re.MULTILINE)
ROWS = [match.group("file", "test") for match in ROW.finditer((ROOT / "docs" / "testing.md").read_text())]


@pytest.mark.parametrize(("file", "test"), ROWS)
def test_it_is_tested(file: str, test: str) -> None:
    assert f"\ndef {test}(" in (ROOT / file).read_text()


def test_there_are_many() -> None:
    assert len(set(ROWS)) >= 35
