"""Where messages begin in an mbox file: its From_ lines.

A From_ line with a date in it is believed after a blank line, as Python's `mailbox` does, and also without one where
a header follows (files are concatenated without blank lines). One without a date is believed only after a blank line
and before a header that mail has. Anything else that begins with "From " is text which nobody quoted.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from email_automation.mailboxes.headerlines import is_header_line, starts_like_mail

FROM = b"From "
NEEDLE = b"\n" + FROM
BLOCK = 1_048_576  # bytes read at a time
AHEAD = 4096  # bytes looked at from the start of a line that may be a From_ line

_PARTS = {
    b"day": rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*",
    b"month": rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*",
    b"time": rb"\d{1,2}:\d{2}(?::\d{2})?",
    b"zone": rb"(?:[ \t]+(?:[+-]\d{4}|\(?[A-Z]{1,5}\)?))?",
}
_DATES = (
    rb"%(day)s[ \t]+%(month)s[ \t]+\d{1,2}[ \t]+%(time)s%(zone)s[ \t]+\d{4}%(zone)s",  # asctime
    rb"(?:%(day)s,[ \t]*)?\d{1,2}[ \t]+%(month)s[ \t]+\d{4}[ \t]+%(time)s%(zone)s",  # as in a Date header
    rb"\d{4}-\d{2}-\d{2}[T \t]+%(time)s(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?%(zone)s",  # ISO
)
_DATED = re.compile(
    rb"From [^\r\n]{0,500}?(?:" + b"|".join(date % _PARTS for date in _DATES) + rb")(?:[ \t]+remote from .*)?\s*$"
)


@dataclass(frozen=True, slots=True)
class Separator:
    """One From_ line: where it starts, and where its message does (bytes)."""

    start: int
    content: int


def separators(file: int, start: int, end: int) -> Iterator[Separator]:
    """The From_ lines between two offsets of an open file; `start` must be the beginning of a line."""
    for offset in _candidates(file, start, end):
        if separator := separator_at(file, offset, end):
            yield separator


def separator_at(file: int, offset: int, end: int) -> Separator | None:
    """The From_ line that begins at this offset, which must be the beginning of a line."""
    line, following, blank_before = _around(file, offset)
    if not line.startswith(FROM) or (not line.endswith(b"\n") and offset + len(line) < end):
        return None
    if _DATED.match(line):
        believed = blank_before or is_header_line(following)
    else:
        believed = blank_before and starts_like_mail(following)
    return Separator(offset, offset + len(line)) if believed else None


def is_surely_a_separator(file: int, separator: Separator) -> bool:
    """Does this From_ line leave no doubt? A single message may quote one."""
    line, following, blank_before = _around(file, separator.start)
    return blank_before and bool(_DATED.match(line)) and is_header_line(following)


def _candidates(file: int, start: int, end: int) -> Iterator[int]:
    if os.pread(file, len(FROM), start) == FROM:
        yield start
    while start < end and (block := os.pread(file, min(BLOCK, end - start), start)):
        at = block.find(NEEDLE)
        while at >= 0:
            yield start + at + 1
            at = block.find(NEEDLE, at + 1)
        if len(block) < len(NEEDLE):
            return
        start += len(block) - len(NEEDLE) + 1


def _around(file: int, offset: int) -> tuple[bytes, bytes, bool]:
    """The line at an offset, what follows it, and whether a blank line or nothing stands before it."""
    line, newline, following = os.pread(file, AHEAD, offset).partition(b"\n")
    before = os.pread(file, min(offset, 4), max(offset - 4, 0))
    return line + newline, following, not before.strip(b"\r\n") or before.endswith((b"\n\n", b"\n\r\n"))
