"""A single message in a file of its own, as mail programs save one (.eml)."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from email_automation.mailboxes.base import Cursor, LocalSource, RawMessage
from email_automation.mailboxes.folder import read_file


class SingleFile(LocalSource):
    """One message. The cursor only says whether it was read."""

    kind: ClassVar[str] = "file"

    def __init__(self, path: Path) -> None:
        self.path = path

    def size_hint(self) -> int:
        return 1

    def messages(self, cursor: Cursor | None = None) -> Iterator[RawMessage]:
        if not (cursor and cursor.get("done")):
            yield read_file(self.path, {"done": 1})
