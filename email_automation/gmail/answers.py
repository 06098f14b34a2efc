"""What Gmail says, as values: parsed where it comes in, so that nothing behind it meets surprises."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from email_automation.gmail.errors import Temporary
from email_automation.mailboxes.base import MAX_RAW

Json = Mapping[str, Any]
NO_LABELS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Profile:
    address: str
    history_id: int
    messages: int

    @classmethod
    def of(cls, answer: Json) -> Profile:
        return cls(_text(answer, "emailAddress"), _number(answer, "historyId"), _number(answer, "messagesTotal", 0))


@dataclass(frozen=True, slots=True)
class Ids:
    """A page of a list of messages."""

    ids: tuple[str, ...]
    following: str
    """The token of the next page; empty on the last one."""

    @classmethod
    def of(cls, answer: Json) -> Ids:
        ids = tuple(_text(one, "id") for one in _list(answer, "messages"))
        return cls(ids, str(answer.get("nextPageToken") or ""))


@dataclass(frozen=True, slots=True)
class Message:
    """What Gmail says about a message. `labels` are label ids; None where it did not say."""

    id: str
    thread: str
    labels: frozenset[str] | None
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, answer: Json) -> Message:
        labels = answer.get("labelIds")
        headers = _list(answer["payload"], "headers") if isinstance(answer.get("payload"), dict) else []
        return cls(
            _text(answer, "id"),
            str(answer.get("threadId") or ""),
            frozenset(map(str, labels)) if isinstance(labels, list) else None,
            tuple((_text(one, "name"), str(one.get("value") or "")) for one in headers),
        )

    def header(self, name: str) -> str:
        """The first header of that name; empty where there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


@dataclass(frozen=True, slots=True)
class Content:
    """A message as it was mailed."""

    id: str
    thread: str
    labels: frozenset[str]
    raw: bytes
    """At most MAX_RAW bytes of it."""
    size: int
    digest: str

    @classmethod
    def of(cls, answer: Json) -> Content:
        about = Message.of(answer)
        try:
            raw = base64.urlsafe_b64decode(_padded(_text(answer, "raw")))
        except (binascii.Error, ValueError):
            raise _surprising("raw") from None
        digest = hashlib.sha256(raw).hexdigest()
        return cls(about.id, about.thread, about.labels or NO_LABELS, raw[:MAX_RAW], len(raw), digest)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to a message: which of the four, and with which label ids."""

    message: Message
    added: bool = False
    deleted: bool = False
    labels_added: frozenset[str] = NO_LABELS
    labels_removed: frozenset[str] = NO_LABELS


@dataclass(frozen=True, slots=True)
class History:
    """A page of what has changed, oldest first."""

    changes: tuple[Change, ...]
    history_id: int
    following: str

    @classmethod
    def of(cls, answer: Json) -> History:
        changes = tuple(change for record in _list(answer, "history") for change in _changes(record))
        return cls(changes, _number(answer, "historyId"), str(answer.get("nextPageToken") or ""))


@dataclass(frozen=True, slots=True)
class Label:
    id: str
    name: str
    is_system: bool

    @classmethod
    def of(cls, answer: Json) -> Label:
        return cls(_text(answer, "id"), _text(answer, "name"), answer.get("type") == "system")

    @classmethod
    def all_of(cls, answer: Json) -> tuple[Label, ...]:
        return tuple(map(cls.of, _list(answer, "labels")))


@dataclass(frozen=True, slots=True)
class Draft:
    id: str
    message: Message

    @classmethod
    def of(cls, answer: Json) -> Draft:
        return cls(_text(answer, "id"), Message.of(_dict(answer, "message")))

    @classmethod
    def all_of(cls, answer: Json) -> tuple[Draft, ...]:
        return tuple(map(cls.of, _list(answer, "drafts")))


@dataclass(frozen=True, slots=True)
class Watch:
    history_id: int
    expires_at: datetime

    @classmethod
    def of(cls, answer: Json) -> Watch:
        expires_at = datetime.fromtimestamp(_number(answer, "expiration") / 1000, UTC)
        return cls(_number(answer, "historyId"), expires_at)


def _changes(record: Json) -> list[Change]:
    found = [Change(Message.of(_dict(one, "message")), added=True) for one in _list(record, "messagesAdded")]
    for one in _list(record, "labelsAdded"):
        found.append(Change(Message.of(_dict(one, "message")), labels_added=_labels(one)))
    for one in _list(record, "labelsRemoved"):
        found.append(Change(Message.of(_dict(one, "message")), labels_removed=_labels(one)))
    for one in _list(record, "messagesDeleted"):
        found.append(Change(Message.of(_dict(one, "message")), deleted=True))
    return found


def _labels(answer: Json) -> frozenset[str]:
    labels = answer.get("labelIds")
    return frozenset(map(str, labels)) if isinstance(labels, list) else NO_LABELS


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)


def _text(answer: Json, name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise _surprising(name)
    return value


def _number(answer: Json, name: str, otherwise: int | None = None) -> int:
    """Gmail writes 64 bit numbers as text."""
    value = answer.get(name, otherwise)
    if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, str) and value.isdecimal())):
        raise _surprising(name)
    return int(value)


def _dict(answer: Json, name: str) -> Json:
    value = answer.get(name)
    if not isinstance(value, dict):
        raise _surprising(name)
    return value


def _list(answer: Json, name: str) -> list[Json]:
    value = answer.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise _surprising(name)
    return value


def _surprising(name: str) -> Temporary:
    return Temporary(f"Gmail's answer makes no sense: {name} is missing or is something else.")
