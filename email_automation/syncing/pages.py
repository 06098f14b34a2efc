"""What a mailbox says, in pages: each is stored in one short transaction."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from email_automation.mailboxes import Cursor, Item, MailboxSource, RawMessage
from jobs.errors import Answer

PAGE_ROWS = 100  # about 30 ms of writing on SQLite, where nobody else writes meanwhile
PAGE_BYTES = 8_000_000
PAGE_SECONDS = 2.0  # after which a page is stored as it is: somebody watches the progress


@dataclass(slots=True)
class Page:
    """Some items, and the place behind the last of them."""

    position: Cursor
    items: list[Item] = field(default_factory=list)


def pages(source: MailboxSource, cursor: Cursor | None) -> Iterator[Page]:
    """What there is after a cursor. Memory is bounded by the page, not by the mailbox.

    A source that has to wait, for its quota, say, ends the page: what was read, and paid for, is stored first.
    """
    page: Page | None = None
    size, started = 0, 0.0
    items = source.read(cursor)
    while True:
        try:
            item = next(items, None)
        except Answer:
            if page:
                yield page
            raise
        if item is None:
            break
        if page is None:
            page, size, started = Page(item.position), 0, time.monotonic()
        page.items.append(item)
        page.position = item.position
        size += len(item.raw) if isinstance(item, RawMessage) else 0
        if len(page.items) >= PAGE_ROWS or size >= PAGE_BYTES or time.monotonic() - started >= PAGE_SECONDS:
            yield page
            page = None
    if page:
        yield page
