"""What the README shows of `bin/run` is what it prints."""

from pathlib import Path

from fikiri.laptop import session, summary
from fikiri.laptop.summary import Summary
from fikiri.places import BASE
from tests.docs import pages

SHOWN = pages.blocks(BASE / "README.md", "text")[0].text.splitlines()


def test_it_shows_the_summary_with_the_words_that_are_printed() -> None:
    printed = Summary(216, 212, 2, 2, 212, 106, 41, {"completed": 357}, 3.6, 60.5).lines()
    assert list(printed) == SHOWN[: SHOWN.index("")]


def test_it_names_every_place_that_is_printed() -> None:
    source = Path(session.__file__).read_text() + Path(summary.__file__).read_text()
    labels = [line.split("  ")[0] for line in SHOWN if "  " in line]
    assert [label for label in labels if f"{label}  " not in source] == []
