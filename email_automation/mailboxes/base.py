"""The one shape of every mailbox."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

MAX_RAW = 5_000_000  # bytes kept of one message; the digest and the size are of all of it

Cursor = dict[str, str | int]
"""A place in a mailbox, as JSON. `done` is how much of `MailboxSource.size_hint` lies before it."""


class MailboxError(Exception):
    """The mailbox cannot be read at all; the text says why and what to give instead."""


@dataclass(frozen=True, slots=True)
class RawMessage:
    """One message as it lies in its mailbox, without an mbox From_ line."""

    raw: bytes
    """At most MAX_RAW bytes of it."""
    size: int
    """Bytes of the whole message."""
    digest: str
    """sha256 of the whole message, in hex: what makes two messages the same."""
    position: Cursor
    """A sync that has stored this message goes on from here."""
    labels: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    problem: str = ""
    """Why the bytes could not be read; `raw` is empty then."""

    @property
    def truncated(self) -> bool:
        return len(self.raw) < self.size


class MailboxSource(ABC):
    """A mailbox that can be read from any place it was left at."""

    kind: ClassVar[str]

    @abstractmethod
    def messages(self, cursor: Cursor | None = None) -> Iterator[RawMessage]:
        """Every message after `cursor`, in an order that stays the same; from the start where the cursor is not
        of this mailbox. Memory stays bounded whatever the mailbox holds."""

    @abstractmethod
    def size_hint(self) -> int:
        """How much there is in all, in the unit of a cursor's `done`: bytes, or files."""
