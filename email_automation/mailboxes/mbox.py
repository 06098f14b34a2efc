"""mbox files of any size, also those that a Google Takeout gives."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, pairwise
from pathlib import Path
from typing import ClassVar

from email_automation.mailboxes.base import Cursor, MailboxSource, RawMessage
from email_automation.mailboxes.content import chunks, head_and_digest
from email_automation.mailboxes.separators import Separator, separator_at, separators

IDENTITY = 1024  # bytes at the start of the file that tell whether it is still the same one


class MboxFile(MailboxSource):
    """An mbox file. The cursor is the offset of the next From_ line."""

    kind: ClassVar[str] = "mbox"

    def __init__(self, path: Path) -> None:
        self.path = path

    def size_hint(self) -> int:
        return self.path.stat().st_size

    def messages(self, cursor: Cursor | None = None) -> Iterator[RawMessage]:
        with reading(self.path) as file:
            end = os.fstat(file).st_size
            identity = _identity(file)
            start = _start(file, end, identity, cursor)
            for this, following in pairwise(chain(_from(file, start, end), [Separator(end, end)])):
                content_end = _without_blank_line(file, this.content, following.start)
                raw, digest = head_and_digest(file, this.content, content_end)
                position: Cursor = {"file": identity, "done": following.start}
                yield RawMessage(raw, content_end - this.content, digest, position)


@contextmanager
def reading(path: Path) -> Iterator[int]:
    """A file open for reading, as a descriptor."""
    file = os.open(path, os.O_RDONLY)
    try:
        yield file
    finally:
        os.close(file)


def _identity(file: int) -> str:
    return hashlib.sha256(os.pread(file, IDENTITY, 0)).hexdigest()[:16]


def _start(file: int, end: int, identity: str, cursor: Cursor | None) -> int:
    """Where the cursor points, if the file still has a message there; else the beginning: a file that was rewritten
    is read again, and what is known already is recognised by its digest."""
    if not cursor or cursor.get("file") != identity:
        return 0
    done = int(cursor.get("done", 0))
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
