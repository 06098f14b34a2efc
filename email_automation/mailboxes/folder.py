"""A folder of messages, one a file, whatever the files are called; mbox files among them are read as such."""

import errno
import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import ClassVar

from email_automation.mailboxes.base import Cursor, LocalSource, RawMessage
from email_automation.mailboxes.content import head_and_digest
from email_automation.mailboxes.mbox import MboxFile, reading
from email_automation.mailboxes.names import Parts, to_parts, to_text
from email_automation.mailboxes.separators import is_surely_a_separator, separator_at, separators


class Folder(LocalSource):
    """Every regular file below a folder but dot files, in the order of their names. The cursor is the last file's
    name, or the place inside it where it is an mbox file."""

    kind: ClassVar[str] = "folder"

    def __init__(self, path: Path) -> None:
        self.path = path

    def size_hint(self) -> int:
        return sum(1 for _ in self.files())

    def files(self, after: Parts = ()) -> Iterator[Parts]:
        """The files' names below the folder, as path parts."""
        return _files(os.fsencode(self.path), (), after)

    def paths(self) -> Iterator[Path]:
        return map(self._path, self.files())

    def messages(self, cursor: Cursor | None = None) -> Iterator[RawMessage]:
        cursor = cursor or {}
        after, done = to_parts(cursor.get("after")), int(cursor.get("done", 0))
        if "offset" in cursor:
            yield from self._mbox_messages(after, done, {"file": cursor["file"], "done": cursor["offset"]})
        for name in self.files(after):
            done += 1
            yield from self._messages(name, done)

    def _path(self, name: Parts) -> Path:
        return self.path.joinpath(*(os.fsdecode(part) for part in name))

    def _messages(self, name: Parts, done: int) -> Iterator[RawMessage]:
        path = self._path(name)
        position: Cursor = {"after": to_text(name), "done": done}
        try:
            message = None if _is_mbox(path) else read_file(path, position)
        except FileNotFoundError:
            return  # gone since the folder was listed
        except OSError as error:
            message = unreadable_file(name, position, error)
        if message:
            yield message
        else:
            yield from self._mbox_messages(name, done, {})

    def _mbox_messages(self, name: Parts, done: int, cursor: Cursor) -> Iterator[RawMessage]:
        path = self._path(name)
        if not path.is_file():
            return
        for message in MboxFile(path).messages(cursor):
            place = {"file": message.position["file"], "offset": message.position["done"]}
            yield replace(message, position={"after": to_text(name), "done": done, **place})


def read_file(path: Path, position: Cursor, labels: tuple[str, ...] = (), flags: tuple[str, ...] = ()) -> RawMessage:
    """A file that is one message, without the From_ line it may begin with."""
    with reading(path) as file:
        end = os.fstat(file).st_size
        from_line = separator_at(file, 0, end)
        start = from_line.content if from_line else 0
        raw, digest = head_and_digest(file, start, end)
        return RawMessage(raw, end - start, digest, position, labels, flags)


def unreadable_file(name: Parts, position: Cursor, error: OSError) -> RawMessage:
    """Stands for a file that cannot be read, so that it is counted and seen."""
    reason = errno.errorcode.get(error.errno or errno.EIO, "EIO")
    digest = hashlib.sha256(b"unreadable file\0" + b"/".join(name)).hexdigest()
    return RawMessage(b"", 0, digest, position, problem=f"the file {to_text(name)} cannot be read ({reason})")


def _files(root: bytes, below: Parts, after: Parts) -> Iterator[Parts]:
    with os.scandir(os.path.join(root, *below)) as entries:  # noqa: PTH118 - Path takes no bytes
        found = sorted((e.name, e.is_dir(follow_symlinks=False), e.is_file()) for e in entries if e.name[:1] != b".")
    for name, is_folder, is_file in found:
        here = (*below, name)
        if is_folder and here >= after[: len(here)]:
            yield from _files(root, here, after)
        elif is_file and here > after:
            yield here


def _is_mbox(path: Path) -> bool:
    with reading(path) as file:
        end = os.fstat(file).st_size
        if not separator_at(file, 0, end):
            return False
        second = list(islice(separators(file, 0, end), 1, 2))
        return bool(second) and is_surely_a_separator(file, second[0])
