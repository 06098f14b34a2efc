"""A mailbox's messages in pages: each is stored in one short transaction."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from email_automation.mailboxes import Cursor, MailboxSource, RawMessage

PAGE_ROWS = 100  # about 30 ms of writing on SQLite, where nobody else writes meanwhile
PAGE_BYTES = 8_000_000
PAGE_SECONDS = 2.0  # after which a page is stored as it is: somebody watches the progress


@dataclass(slots=True)
class Page:
    """Some messages, and the place behind the last of them."""

    position: Cursor
    messages: list[RawMessage] = field(default_factory=list)


def pages(source: MailboxSource, cursor: Cursor | None) -> Iterator[Page]:
    """The messages after a cursor. Memory is bounded by the page, not by the mailbox."""
    page: Page | None = None
    size, started = 0, 0.0
    for message in source.messages(cursor):
        if page is None:
            page, size, started = Page(message.position), 0, time.monotonic()
        page.messages.append(message)
        page.position = message.position
        size += len(message.raw)
        if len(page.messages) >= PAGE_ROWS or size >= PAGE_BYTES or time.monotonic() - started >= PAGE_SECONDS:
            yield page
            page = None
    if page:
        yield page
