"""One account's mail: what it holds, and what has happened to it."""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from threading import RLock
from typing import Any

from tests.servers.gmail.faults import Refusal

SYSTEM = (
    "INBOX", "SENT", "DRAFT", "TRASH", "SPAM", "UNREAD", "STARRED", "IMPORTANT", "CHAT",
    "CATEGORY_PERSONAL", "CATEGORY_SOCIAL", "CATEGORY_PROMOTIONS", "CATEGORY_UPDATES", "CATEGORY_FORUMS",
)  # fmt: skip
STEP = 7  # history ids rise, and are not contiguous


@dataclass
class Held:
    """A message in the box."""

    id: str
    thread: str
    raw: bytes
    labels: set[str]
    date: int
    history_id: int = 0

    @property
    def mail(self) -> EmailMessage:
        mail = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        return mail


@dataclass
class Record:
    """One thing that happened: added, deleted, labelsAdded or labelsRemoved."""

    id: int
    kind: str
    message: str
    thread: str
    labels: list[str]
    changed: list[str] = field(default_factory=list)


class Box:
    """A mailbox of one address. Every method is as good from a test as over HTTP."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.messages: dict[str, Held] = {}
        self.drafts: dict[str, str] = {}
        self.labels: dict[str, str] = {name: name for name in SYSTEM}
        self.records: list[Record] = []
        self.history_id = 1000
        self.oldest = 0
        self.watches: list[str] = []
        self.rewrites_message_id = True  # of what is sent, as Gmail does
        self.says_labels_in_history = True
        self.doubles_ids = False  # the last id of a page is the first of the next, too
        self.lock = RLock()
        self._counter = 0x18_0000_0000_0000

    def deliver(self, raw: bytes, *labels: str, thread: str = "", date: int | None = None, unread: bool = True) -> str:
        """Mail arrives. Returns its id."""
        with self.lock:
            names = set(labels or ("INBOX",)) | ({"UNREAD"} if unread else set())
            return self._add(raw, {self.label(name) for name in names}, thread, date).id

    def label(self, name: str) -> str:
        """The id of a label, which is made if it is new."""
        found = next((key for key, value in self.labels.items() if value == name), None)
        return found or self.create_label(name)

    def create_label(self, name: str) -> str:
        with self.lock:
            if name in self.labels.values():
                raise Refusal(409, "aborted", "Label name exists or conflicts")
            label_id = f"Label_{len(self.labels)}"
            self.labels[label_id] = name
            return label_id

    def modify(self, message_id: str, add: Iterable[str] = (), remove: Iterable[str] = ()) -> Held:
        """Label ids come and go."""
        with self.lock:
            message = self.get(message_id)
            for label in (*add, *remove):
                if label not in self.labels:
                    raise Refusal(400, "invalidArgument", f"Invalid label: {label}")
            added, removed = set(add) - message.labels, set(remove) & message.labels
            message.labels |= added
            message.labels -= removed
            if added:
                self._note("labelsAdded", message, sorted(added))
            if removed:
                self._note("labelsRemoved", message, sorted(removed))
            return message

    def delete(self, message_id: str) -> None:
        with self.lock:
            message = self.messages.pop(message_id)
            self._note("messagesDeleted", message)

    def forget_history(self) -> None:
        """From now on it is not known any more what had happened until here."""
        with self.lock:
            self.records.clear()
            self.history_id += STEP
            self.oldest = self.history_id

    def get(self, message_id: str) -> Held:
        found = self.messages.get(message_id)
        if found is None:
            raise Refusal(404, "notFound", "Requested entity was not found.")
        return found

    def create_draft(self, raw: bytes, thread: str = "") -> str:
        with self.lock:
            message = self._add(raw, {"DRAFT"}, thread)
            draft_id = f"r-{message.id}"
            self.drafts[draft_id] = message.id
            return draft_id

    def draft(self, draft_id: str) -> Held:
        if draft_id not in self.drafts:
            raise Refusal(404, "notFound", "Requested entity was not found.")
        return self.messages[self.drafts[draft_id]]

    def delete_draft(self, draft_id: str) -> None:
        with self.lock:
            self.draft(draft_id)
            self.delete(self.drafts.pop(draft_id))

    def send_draft(self, draft_id: str) -> Held:
        with self.lock:
            draft = self.draft(draft_id)
            self.delete_draft(draft_id)
            return self.send(draft.raw, draft.thread if draft.thread != draft.id else "")

    def send(self, raw: bytes, thread: str = "") -> Held:
        with self.lock:
            mail = message_from_bytes(raw, policy=policy.default)
            if not any(mail.get_all(name) for name in ("to", "cc", "bcc")):
                raise Refusal(400, "invalidArgument", "Recipient address required")
            if self.rewrites_message_id:
                raw = _with_message_id(raw)
            return self._add(raw, {"SENT"}, thread)

    @property
    def sent(self) -> list[EmailMessage]:
        return [message.mail for message in self.messages.values() if "SENT" in message.labels]

    def _add(self, raw: bytes, labels: set[str], thread: str = "", date: int | None = None) -> Held:
        self._counter += 1
        message_id = f"{self._counter:016x}"
        message = Held(message_id, thread or message_id, raw, labels, now() if date is None else date)
        self.messages[message_id] = message
        self._note("messagesAdded", message)
        return message

    def _note(self, kind: str, message: Held, changed: list[str] | None = None) -> None:
        self.history_id += STEP
        message.history_id = self.history_id
        record = Record(self.history_id, kind, message.id, message.thread, sorted(message.labels), changed or [])
        self.records.append(record)


def _with_message_id(raw: bytes) -> bytes:
    new = f"Message-ID: {make_msgid(domain='mail.gmail.com')}\r\n".encode()
    head, separator, body = re.sub(rb"\r?\n", b"\r\n", raw).partition(b"\r\n\r\n")
    kept = re.sub(rb"(?im)^message-id:.*\r\n([ \t].*\r\n)*", b"", head + b"\r\n")
    return new + kept.removesuffix(b"\r\n") + separator + body


def now() -> int:
    """Milliseconds, as Gmail's `internalDate` counts them."""
    return int(time.time() * 1000)


def shown(record: Record, *, labels: bool) -> dict[str, Any]:
    """A record as `history.list` says it."""
    message: dict[str, Any] = {"id": record.message, "threadId": record.thread}
    if labels:
        message["labelIds"] = record.labels
    entry: dict[str, Any] = {"message": message}
    if record.kind.startswith("labels"):
        entry["labelIds"] = record.changed
    bare = {"id": record.message, "threadId": record.thread}
    return {"id": str(record.id), "messages": [bare], record.kind: [entry]}
