"""What may be done to a message where it lies: one shape for every provider."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from email_automation.mailboxes.base import MailboxError


class MessageGoneError(MailboxError):
    """The provider has this message no more."""

    code = "MESSAGE_GONE"


@dataclass(frozen=True, slots=True)
class State:
    """A message as its provider has it after an action. None: as before."""

    labels: tuple[str, ...] | None = None
    flags: tuple[str, ...] | None = None
    provider_id: str = ""
    """What it is called now, where the action moved it."""


class MailboxActions(ABC):
    """What one mailbox's provider does to a message that it calls `provider_id`. Twice is as good as once.

    Each raises MessageGoneError where there is no such message, and MailboxError where it cannot be done at all.
    Labels and flags are called as a sync of the same mailbox calls them; a label that does not exist yet, is made.
    """

    @abstractmethod
    def mark_read(self, provider_id: str) -> State: ...

    @abstractmethod
    def mark_unread(self, provider_id: str) -> State: ...

    @abstractmethod
    def add_label(self, provider_id: str, label: str) -> State: ...

    @abstractmethod
    def remove_label(self, provider_id: str, label: str) -> State: ...

    @abstractmethod
    def archive(self, provider_id: str) -> State: ...

    @abstractmethod
    def original(self, provider_id: str) -> bytes:
        """The message as it lies there, MAX_RAW bytes of it at most."""

    def mark_answered(self, provider_id: str) -> State:
        """Where a provider has no such mark, it is not missed."""
        return State()

    def mark_forwarded(self, provider_id: str) -> State:
        """As `mark_answered`."""
        return State()

    def close(self) -> None:  # noqa: B027 - where there is nothing to close, nothing is done
        """Let go of the connection."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
