"""The one shape of every mailbox."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

MAX_RAW = 5_000_000  # bytes kept of one message; the digest and the size are of all of it

Cursor = dict[str, str | int]
"""A place in a mailbox, as JSON. `done` is how much of `MailboxSource.size_hint` lies before it."""


class MailboxError(Exception):
    """The mailbox cannot be read at all; the text says why and what to give instead."""

    code: ClassVar[str] = "MAILBOX_UNREADABLE"
    field: ClassVar[str] = ""
    """What of a form it is about."""


class NotConnectedError(MailboxError):
    """Nobody has said yet where this mailbox is, or may read it."""

    code: ClassVar[str] = "MAILBOX_NOT_CONNECTED"


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
    provider_id: str = ""
    """What the provider calls it in this mailbox; empty in a file."""
    provider_thread: str = ""
    """What the provider calls its thread."""

    @property
    def truncated(self) -> bool:
        return len(self.raw) < self.size


@dataclass(frozen=True, slots=True)
class Known:
    """A message that is stored already, and so was not read again."""

    provider_id: str
    position: Cursor


@dataclass(frozen=True, slots=True)
class Changed:
    """What the provider now says of a message that may be stored. None: nothing new."""

    provider_id: str
    position: Cursor
    labels: tuple[str, ...] | None = None
    flags: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Relabelled:
    """Which labels and flags a message that may be stored has got and lost since."""

    provider_id: str
    position: Cursor
    labels_added: tuple[str, ...] = ()
    labels_removed: tuple[str, ...] = ()
    flags_added: tuple[str, ...] = ()
    flags_removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gone:
    """The provider has this message no more."""

    provider_id: str
    position: Cursor


@dataclass(frozen=True, slots=True)
class LabelNames:
    """What the provider calls its labels now, by their ids: one may have been called otherwise before."""

    position: Cursor
    names: Mapping[str, str]


Item = RawMessage | Known | Changed | Relabelled | Gone | LabelNames


class MailboxSource(ABC):
    """A mailbox that can be read from any place it was left at."""

    kind: ClassVar[str]

    @abstractmethod
    def read(self, cursor: Cursor | None = None) -> Iterator[Item]:
        """Every message after `cursor`, and what became of earlier ones, in an order that stays the same; from the
        start where the cursor is not of this mailbox. Memory stays bounded whatever the mailbox holds."""

    @abstractmethod
    def size_hint(self) -> int:
        """How much there is in all, in the unit of a cursor's `done`: bytes, files or messages. 0: not known."""

    @abstractmethod
    def after(self, cursor: Cursor | None) -> Cursor | None:
        """Where the next sync begins once all that was read is stored, `cursor` being the last item's (None: there
        was none). None: at the start, what is known being recognised by its digest."""

    def close(self) -> None:  # noqa: B027 - a file has nothing to let go of
        """Let go of what was opened to read it."""


class LocalSource(MailboxSource):
    """Mail in files: it holds messages and no news of them, and each sync reads all of it."""

    @abstractmethod
    def messages(self, cursor: Cursor | None = None) -> Iterator[RawMessage]:
        """Every message after `cursor`, as in `read`."""

    def read(self, cursor: Cursor | None = None) -> Iterator[RawMessage]:
        return self.messages(cursor)

    def after(self, cursor: Cursor | None) -> None:
        return None
