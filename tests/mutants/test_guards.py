"""The list of guards fits the platform: `python -m tests.mutants` takes each out and runs the tests that it names."""

from collections import Counter
from datetime import date, timedelta

import pytest

from tests.mutants.__main__ import GUARDS, sample
from tests.mutants.guard import ROOT, Guard


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: f"{guard.database}: {guard.says}")
def test_a_guard_stands_where_the_list_says(guard: Guard) -> None:
    assert guard.without() != (ROOT / guard.path).read_text()
    assert [name for name in guard.test_files if not (ROOT / name).exists()] == []


def test_there_are_many_and_each_is_listed_once() -> None:
    assert len(GUARDS) > 60
    assert [
        what for what, count in Counter((guard.path, guard.old, guard.new) for guard in GUARDS).items() if count > 1
    ] == []


def test_in_time_each_has_its_turn() -> None:
    days = [sample(GUARDS, 12, date(2026, 1, 1) + timedelta(days=number)) for number in range(len(GUARDS))]
    assert all(0 < len(chosen) <= 12 for chosen in days)
    assert {guard.says for chosen in days for guard in chosen} == {guard.says for guard in GUARDS}
