"""What is typed may go on in these ways."""

import pytest

from jobs import query


def offered(text: str) -> list[str]:
    return [suggestion.text for suggestion in query.suggest(text)]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("st", ["status:"]),
        ("queue:ai -st", ["queue:ai -status:"]),
        ("status:de", ["status:dead"]),
        ("status:dead,fa", ["status:dead,failed"]),
        ("-queue:c", ["-queue:crm"]),
        ("status:dead", []),
        ("colour:", []),
        ('error:"hung u', []),
        ("is:del", ["is:delayed"]),
        ("task:gree", ["task:greet"]),
        ("task:greet args.n", ["task:greet args.name:"]),
    ],
)
def test_the_last_word_is_completed(typed: str, expected: list[str]) -> None:
    assert offered(typed) == expected


def test_an_empty_search_may_begin_with_any_field() -> None:
    assert offered("")[:3] == ["status:", "queue:", "task:"]
