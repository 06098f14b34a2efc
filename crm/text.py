"""Text of strangers, made fit for a page and for any database."""

from __future__ import annotations

import re

# NUL and its kind, halves of surrogate pairs, and the marks that turn the direction of reading. Joiners stay: names
# in Persian or Hindi need them.
_UNFIT = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069"
_IN_TEXT = re.compile(f"[{_UNFIT}]")
_IN_LINE = re.compile(f"[{_UNFIT}\\s]+")


def one_line(text: str) -> str:
    """Text on one line, without a space too many."""
    return _IN_LINE.sub(" ", text).strip()


def lines(text: str) -> str:
    """Text of several lines."""
    return _IN_TEXT.sub("", text).strip()


def whole(text: str) -> str:
    """Text without halves of surrogate pairs: those become question marks."""
    return text.encode(errors="replace").decode()
