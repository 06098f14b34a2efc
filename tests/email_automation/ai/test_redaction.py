"""Keys never get into error text."""

import pytest

from email_automation.ai.redaction import redact


@pytest.mark.parametrize(
    "secret",
    ["sk-proj-abcDEF123_456", "sk-ab***********yz", "Bearer abc.def-ghi", "sess-0123456789", "//ann:hunter2@host"],
)
def test_what_looks_like_a_key_is_cut_out(secret: str) -> None:
    cut = redact(f"wrong: {secret} given")
    assert secret not in cut
    assert cut.startswith("wrong: ")


def test_a_given_secret_is_cut_out_whatever_it_looks_like() -> None:
    assert redact("no entry for correct-horse", "correct-horse") == "no entry for [key]"


def test_a_short_secret_does_not_garble_everything() -> None:
    assert redact("banana", "a") == "banana"


def test_long_text_is_bounded() -> None:
    assert len(redact("x" * 1_000_000)) == 300
