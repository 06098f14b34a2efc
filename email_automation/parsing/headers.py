"""The header block of a message or of a part."""

import re
from collections.abc import Iterator

from email_automation.mailboxes.headerlines import is_header_line, starts_like_mail
from email_automation.parsing.encodedwords import header_text, raw_text
from email_automation.parsing.message import Problem

MAX_BLOCK = 1_048_576  # bytes read of a header block
MAX_FIELDS = 1000
MAX_VALUE = 65_536  # bytes read of one header

_BLANK_LINE = re.compile(rb"^\r?\n", re.MULTILINE)
_FOLD = re.compile(rb"\r?\n(?=[ \t])")


class Headers:
    """Header fields by lower-case name; the first of a name counts, as in most mail programs."""

    def __init__(self) -> None:
        self._fields: dict[str, bytes] = {}
        self.problems: set[Problem] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def raw(self, name: str) -> bytes:
        return self._fields.get(name, b"")

    def text(self, name: str) -> str:
        """Readable, on one line; empty where there is none."""
        return header_text(self.raw(name))

    def as_written(self, name: str) -> str:
        """Its encoded words unread: for structured headers, which are taken apart first."""
        return raw_text(self.raw(name))

    def add(self, name: bytes, value: bytes) -> None:
        self._fields.setdefault(name.strip().lower().decode("ascii", "replace"), value[:MAX_VALUE].strip())


def split_headers(raw: bytes) -> tuple[Headers, int]:
    """The headers at the beginning of some bytes, and where the body starts."""
    headers = Headers()
    blank = _BLANK_LINE.search(raw)
    block_end, body = (blank.start(), blank.end()) if blank else (len(raw), len(raw))
    if block_end > MAX_BLOCK:
        headers.problems.add(Problem.HUGE_HEADER)
    offset = 0
    for count, (line, offset, following) in enumerate(_unfolded(raw[: min(block_end, MAX_BLOCK)])):
        if count >= MAX_FIELDS:
            headers.problems.add(Problem.HUGE_HEADER)
            break
        if len(line) > MAX_VALUE:
            headers.problems.add(Problem.HUGE_HEADER)
        if is_header_line(line) and not line.startswith(b">"):
            name, _, value = line.partition(b":")
            headers.add(name, value)
        elif not line.startswith((b"From ", b">")) and line.strip():
            # A line that somebody wrapped without indenting it, or the text itself?
            headers.problems.add(Problem.BAD_HEADER)
            if not starts_like_mail(following):
                headers.problems.add(Problem.NO_SEPARATOR)
                return headers, offset
    return headers, body


def _unfolded(block: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    """Each header on one line, where it started, and the beginning of what follows it."""
    block_lines = _FOLD.sub(lambda fold: b" " * (fold.end() - fold.start()), block)
    start = 0
    while start < len(block_lines):
        end = block_lines.find(b"\n", start)
        end = len(block_lines) if end < 0 else end
        yield block_lines[start:end].rstrip(b"\r"), start, block_lines[end + 1 : end + 81]
        start = end + 1
