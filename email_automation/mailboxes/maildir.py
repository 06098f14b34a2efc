"""Maildir, with the sub-folders of Maildir++ (`.Sent`, `.Work.Projects`)."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from email_automation.mailboxes.base import Cursor, LocalSource, RawMessage
from email_automation.mailboxes.folder import read_file, unreadable_file
from email_automation.mailboxes.names import to_parts, to_text

FLAGS = {"S": "seen", "R": "replied", "F": "flagged", "T": "trashed", "D": "draft", "P": "passed"}

Key = tuple[bytes, bytes]
"""Folder and unique name: what stays the same while a message moves from `new` to `cur` and gets its flags."""


class Maildir(LocalSource):
    """A Maildir. The cursor is the last message's folder and unique name."""

    kind: ClassVar[str] = "maildir"

    def __init__(self, path: Path) -> None:
        self.path = path

    def size_hint(self) -> int:
        return sum(len(self._files(folder)) for folder in self._folders())

    def paths(self) -> Iterator[Path]:
        return (path for folder in self._folders() for path in self._files(folder).values())

    def messages(self, cursor: Cursor | None = None) -> Iterator[RawMessage]:
        after, done = _place(cursor)
        for folder in self._folders():
            for key, path in sorted(self._files(folder).items()):
                if key > after:
                    done += 1
                    yield from _read(path, key, done)

    def _folders(self) -> list[str]:
        """The folder itself, then its sub-folders by name."""
        return ["", *sorted(path.name for path in self.path.glob(".?*") if is_maildir(path))]

    def _files(self, folder: str) -> dict[Key, Path]:
        return {
            (os.fsencode(folder), os.fsencode(_unique(entry.name))): Path(entry.path)
            for part in ("new", "cur")
            if (directory := self.path / folder / part).is_dir()
            for entry in os.scandir(directory)
            if entry.name[:1] != "." and entry.is_file()
        }


def is_maildir(path: Path) -> bool:
    """Has this folder the sub-folders of a Maildir? A copy may have lost an empty one."""
    return sum((path / name).is_dir() for name in ("cur", "new", "tmp")) >= 2


def _place(cursor: Cursor | None) -> tuple[Key, int]:
    if not cursor or "name" not in cursor:
        return (b"", b""), 0
    folder = b"".join(to_parts(cursor.get("folder")))
    return (folder, b"".join(to_parts(cursor["name"]))), int(cursor["done"])


def _read(path: Path, key: Key, done: int) -> Iterator[RawMessage]:
    folder, name = key
    position: Cursor = {"folder": to_text((folder,)), "name": to_text((name,)), "done": done}
    try:
        yield read_file(path, position, _labels(folder), _flags(path.name))
    except FileNotFoundError:
        return  # its flags changed since the folder was listed: the next sync sees it under its new name
    except OSError as error:
        yield unreadable_file(key, position, error)


def _unique(name: str) -> str:
    return name.split(":2,", maxsplit=1)[0]


def _labels(folder: bytes) -> tuple[str, ...]:
    name = folder.decode("utf-8", "replace").lstrip(".").replace(".", "/")
    return (name,) if name else ()


def _flags(name: str) -> tuple[str, ...]:
    return tuple(FLAGS[letter] for letter in name.partition(":2,")[2] if letter in FLAGS)
