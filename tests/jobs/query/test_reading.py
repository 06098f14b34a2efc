"""A text becomes words, or a clear refusal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.query import BadQuery, Word, read


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("status:dead", Word("status", "", ("dead",))),
        ("STATUS:dead,failed", Word("status", "", ("dead", "failed"))),
        ("-queue:ai", Word("queue", "", ("ai",), negated=True)),
        ("age:>2h", Word("age", ">", ("2h",))),
        ("attempts:>=3", Word("attempts", ">=", ("3",))),
        ('error:"hung up"', Word("error", "", ("hung up",))),
        ('"hung up"', Word("", "", ("hung up",))),
        ("timeout", Word("", "", ("timeout",))),
        ("args.userId:7", Word("args.userId", "", ("7",))),
        ("a,b", Word("", "", ("a,b",))),
        ("0198-ab", Word("", "", ("0198-ab",))),
    ],
)
def test_a_word_is_read(text: str, word: Word) -> None:
    assert read(text) == [word]


def test_words_are_separated_by_any_space() -> None:
    assert [str(word) for word in read("  a\tstatus:dead \n b ")] == ["a", "status:dead", "b"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('error:"hung', "left open"),
        ("status:", "no value"),
        ("status:,", "no value"),
        ('""', "says nothing"),
        ("a\x00", "NUL"),
        ("x" * 501, "at most 500 characters"),
        ("a " * 21, "at most 20 words"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, problem: str) -> None:
    with pytest.raises(BadQuery, match=problem) as refusal:
        read(text)
    assert refusal.value.field == "q"


@given(st.text(max_size=500))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        words = read(text)
    except BadQuery:
        return
    assert all(word.values for word in words)


def test_a_hostile_text_is_refused_at_once() -> None:
    with pytest.raises(BadQuery, match="left open"):
        read("a" * 499 + '"')  # would take for ever with a pattern that tries every split
