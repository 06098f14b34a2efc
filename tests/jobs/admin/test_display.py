from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jobs.admin.display import ago, badge, block, moment, pretty
from jobs.wording import span


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0004, "0 ms"),
        (0.25, "250 ms"),
        (2.34, "2.3 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (90_061, "1 d 1 h"),
    ],
)
def test_lengths_of_time_are_short(seconds: float, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "now"), (-90, "1 min ago"), (7_300, "in 2 h"), (-200_000, "2 d ago"), (30.9, "in 30 s")]
)
def test_times_are_told_from_now(seconds: float, words: str) -> None:
    assert ago(datetime.now(UTC) + timedelta(seconds=seconds)) == words


def test_a_time_keeps_its_exact_value() -> None:
    assert 'datetime="2026-01-02T03:04:05+00:00"' in moment(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert moment(None) == "-"


def test_pieces_escape_what_they_are_given() -> None:
    assert "<b>" not in badge("<b>") + block("<b>") + badge("dead", "<b>")
    assert block("") == "-"


def test_a_long_document_is_cut_and_says_so() -> None:
    text = pretty(["x" * 30_000])
    assert len(text) < 21_000
    assert text.endswith("characters more")
