"""mbox files of any size, also those that a Google Takeout gives."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, pairwise
from pathlib import Path
from typing import ClassVar

from email_automation.mailboxes.base import Cursor, LocalSource, RawMessage
from email_automation.mailboxes.content import chunks, head_and_digest
from email_automation.mailboxes.separators import Separator, separator_at, separators

IDENTITY = 1024  # bytes at the start of the file that tell whether it is still the same one


class MboxFile(LocalSource):
    """An mbox file. The cursor is the offset of the next From_ line."""

    kind: ClassVar[str] = "mbox"

    def __init__(self, path: Path) -> None:
        self.path = path

    def size_hint(self) -> int:
        return self.path.stat().st_size

    def messages(self, cursor: Cursor | None = None) -> Iterator[RawMessage]:
        with reading(self.path) as file:
            end = os.fstat(file).st_size
            start = _start(file, end, cursor)
            for this, following in pairwise(chain(_from(file, start, end), [Separator(end, end)])):
                content_end = _without_blank_line(file, this.content, following.start)
                raw, digest = head_and_digest(file, this.content, content_end)
                position: Cursor = {"file": _identity(file, following.start), "done": following.start}
                yield RawMessage(raw, content_end - this.content, digest, position)


@contextmanager
def reading(path: Path) -> Iterator[int]:
    """A file open for reading, as a descriptor."""
    file = os.open(path, os.O_RDONLY)
    try:
        yield file
    finally:
        os.close(file)


def _identity(file: int, done: int) -> str:
    """The beginning of what was read: the same after more mail was added."""
    return hashlib.sha256(os.pread(file, min(IDENTITY, done), 0)).hexdigest()[:16]


def _start(file: int, end: int, cursor: Cursor | None) -> int:
    """Where the cursor points, if the file still has a message there; else the beginning: a file that was rewritten
    is read again, and what is known already is recognised by its digest."""
    done = int(cursor.get("done", 0)) if cursor else 0
    if not cursor or cursor.get("file") != _identity(file, done):
        return 0
    return done if done == end or (done < end and separator_at(file, done, end)) else 0


def _from(file: int, start: int, end: int) -> Iterator[Separator]:
    """The separators from `start` on. Text before the first one is a message that lost its From_ line."""
    found = separators(file, start, end)
    first = next(found, Separator(end, end))
    if any(chunk.strip() for chunk in chunks(file, start, first.start)):
        yield Separator(start, start)
    if first.start < end:
        yield first
    yield from found


def _without_blank_line(file: int, start: int, end: int) -> int:
    """The end of a message without the one blank line that mbox writers put behind it."""
    first = max(end - 3, start - 1, 0)
    tail = os.pread(file, end - first, first)
    if tail.endswith(b"\n\r\n"):
        return end - 2
    return end - 1 if tail.endswith(b"\n\n") else end
