"""Where mail comes from: one shape for files, folders and providers."""

from email_automation.mailboxes.base import (
    Changed,
    Cursor,
    Gone,
    Item,
    Known,
    LabelNames,
    LocalSource,
    MailboxError,
    MailboxSource,
    NotConnectedError,
    RawMessage,
    Relabelled,
)
from email_automation.mailboxes.detection import open_mailbox

__all__ = [
    "Changed",
    "Cursor",
    "Gone",
    "Item",
    "Known",
    "LabelNames",
    "LocalSource",
    "MailboxError",
    "MailboxSource",
    "NotConnectedError",
    "RawMessage",
    "Relabelled",
    "open_mailbox",
]
