"""The file in which the jobs of a benchmark leave their marks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import marks


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("BENCH_MARKS", str(tmp_path / "marks"))
    monkeypatch.setattr(marks, "_file", None)
    yield tmp_path / "marks"
    marks.close()


def test_marks_are_read_in_the_order_of_starting(path: Path) -> None:
    for number in (3, 1, 2):
        marks.mark(number)
    assert [number for number, _ in marks.read(path)] == [3, 1, 2]


def test_each_mark_counts_once(path: Path) -> None:
    marks.mark(7)
    marks.mark(7)
    assert marks.count(path) == 2


def test_nothing_has_started_before_the_first_mark(tmp_path: Path) -> None:
    assert (marks.count(tmp_path / "none"), marks.read(tmp_path / "none")) == (0, [])
