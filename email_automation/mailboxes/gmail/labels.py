"""Gmail's labels as a mailbox tells them: names and not ids; what is a mark on a message, is a flag."""

from __future__ import annotations

from collections.abc import Iterable

from email_automation.gmail import Client
from email_automation.mailboxes.base import Cursor, Relabelled

UNREAD, STARRED = "UNREAD", "STARRED"
SEEN, FLAGGED, DRAFT = "seen", "flagged", "draft"
KEPT_OUT = frozenset({"SPAM", "TRASH", "DRAFT", "CHAT"})
"""What has one of these is not read; what gets one later is told to have it."""


class Labels:
    """The account's labels, asked for once and again where an id is new."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._names: dict[str, str] = {}

    def state(self, ids: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The labels and flags of a message that has these label ids."""
        ids = set(ids)
        marks = {SEEN: UNREAD not in ids, FLAGGED: STARRED in ids, DRAFT: "DRAFT" in ids}
        return self.names(ids - {UNREAD, STARRED}), tuple(flag for flag, is_set in marks.items() if is_set)

    def names(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Sorted. One whose label is gone meanwhile has none."""
        wanted = set(ids)
        if not wanted <= self._names.keys():
            self._ask()
        return tuple(sorted(self._names[one] for one in wanted if self._names.get(one)))

    def all_ids(self) -> list[str]:
        self._ask()
        return list(self._names)

    def known(self) -> dict[str, str]:
        """The names by id; asked for unless they were in this sync."""
        if not self._names:
            self._ask()
        return {one: name for one, name in self._names.items() if name}

    def id(self, name: str) -> str:
        """The id of a label's name; empty where there is no such label."""
        if name not in self._names.values():
            self._ask()
        return next((key for key, known in self._names.items() if known == name), "")

    def relabelled(self, provider_id: str, position: Cursor, added: set[str], removed: set[str]) -> Relabelled:
        """News of label ids, as news of labels and flags."""
        flags_added = {FLAGGED: STARRED in added, SEEN: UNREAD in removed, DRAFT: "DRAFT" in added}
        flags_removed = {FLAGGED: STARRED in removed, SEEN: UNREAD in added, DRAFT: "DRAFT" in removed}
        marks = {UNREAD, STARRED}
        return Relabelled(
            provider_id,
            position,
            self.names(added - marks),
            self.names(removed - marks),
            tuple(flag for flag, is_it in flags_added.items() if is_it),
            tuple(flag for flag, is_it in flags_removed.items() if is_it),
        )

    def _ask(self) -> None:
        known = {label.id: label.name for label in self._client.labels()}
        self._names = dict.fromkeys(self._names, "") | known
