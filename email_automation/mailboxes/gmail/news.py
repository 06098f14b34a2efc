"""What a page of history comes to, message by message."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from email_automation.gmail.answers import Change
from email_automation.mailboxes.gmail.labels import KEPT_OUT


@dataclass
class News:
    """What has happened to one message, its last news counting."""

    id: str
    arrived: bool = False
    gone: bool = False
    added: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    labels: frozenset[str] | None = None
    """As its last news said; Gmail need not say."""

    def take(self, change: Change) -> None:
        self.arrived |= change.added
        self.gone = change.deleted
        self.added = (self.added - change.labels_removed) | change.labels_added
        self.removed = (self.removed - change.labels_added) | change.labels_removed
        if change.message.labels is not None:
            self.labels = change.message.labels

    @property
    def may_be_new(self) -> bool:
        """Whether it is one to read, as far as its news tell: one that arrived, or that is kept out no more."""
        if self.gone or (self.labels is not None and self.labels & KEPT_OUT):
            return False
        return self.arrived or bool(self.removed & KEPT_OUT)


def by_message(changes: Iterable[Change]) -> list[News]:
    """In the order in which the messages first come up."""
    news: dict[str, News] = {}
    for change in changes:
        news.setdefault(change.message.id, News(change.message.id)).take(change)
    return list(news.values())
