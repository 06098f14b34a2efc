"""The figures of docs/performance.md are put there by the benchmarks."""

import pytest

from benchmarks import page
from benchmarks.__main__ import parser

SECTION = "Before\n<!-- bench peers -->\nold\n<!-- end -->\nAfter\n"


def test_only_the_named_section_changes() -> None:
    changed = page.replaced(SECTION + SECTION.replace("peers", "scale"), "peers", "new")
    assert (changed.count("new"), changed.count("old")) == (1, 1)
    assert changed.startswith("Before\n<!-- bench peers -->\n\nnew\n\n<!-- end -->\nAfter\n")


def test_a_page_without_the_section_is_refused() -> None:
    with pytest.raises(ValueError, match="bench scale"):
        page.replaced(SECTION, "scale", "new")


def test_the_page_has_a_section_for_each_command() -> None:
    (commands,) = [action.choices for action in parser()._actions if isinstance(action.choices, dict)]
    text = page.PAGE.read_text()
    assert [name for name in commands if f"<!-- bench {name} -->" not in text] == []


def test_it_says_how_busy_the_machine_was() -> None:
    machine = dict.fromkeys(("cores", "processor", "python", "celery", "redis", "django", "psycopg"), "x")
    assert "load by others 3.5" in page.conditions({**machine, "load_before": 3.5})
