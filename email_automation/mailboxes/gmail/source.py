"""The mail of a Gmail account: first what there is, newest first, then what has changed since.

The history id is taken before the list is read, and a page's end is passed on only with its last message: whatever
fails in between is read again, and what is stored already is recognised by its id and costs nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import ClassVar, Protocol

from email_automation.gmail import BadRequest, Client, HistoryExpired, NotFound
from email_automation.gmail.answers import Change, Content, Ids
from email_automation.mailboxes.base import Cursor, Gone, Item, Known, LabelNames, MailboxSource, RawMessage
from email_automation.mailboxes.gmail.comparing import compared, every_id
from email_automation.mailboxes.gmail.labels import KEPT_OUT, Labels
from email_automation.mailboxes.gmail.news import by_message
from email_automation.mailboxes.gmail.places import Phase, Place, place_of


class Stored(Protocol):
    """What is stored of this mailbox."""

    def known(self, ids: Iterable[str]) -> set[str]:
        """Which of these are."""

    def since(self, days: int | None, after: str) -> Iterator[str]:
        """The ids of the messages of the last days, in their order, those after one; None: of all days."""


class GmailMailbox(MailboxSource):
    """Gmail of one account.

    Args:
        window_days: Leave mail that is older. None: none is.
        max_messages: List at most so many.
        begin: Where the mailbox was left at; its place is gone on from, unless `again`.
        again: Read the list once more, for a wider window, before the news.
        asks_labels: Tell what the labels are called now: no news tell that one is called otherwise.
    """

    kind: ClassVar[str] = "gmail"

    def __init__(
        self,
        client: Client,
        stored: Stored,
        *,
        window_days: int | None = None,
        max_messages: int | None = None,
        begin: Cursor | None = None,
        again: bool = False,
        asks_labels: bool = False,
    ) -> None:
        self._client = client
        self._stored = stored
        self._days = None if window_days is None else max(1, window_days)
        self._most = max_messages
        self._begin = place_of(begin)
        self._again = again
        self._asks_labels = asks_labels
        self._labels = Labels(client)
        self._query = " ".join(["-in:drafts -in:chats", *([f"newer_than:{self._days}d"] if self._days else [])])
        self._end: Place | None = None

    def size_hint(self) -> int:
        """How many messages the list has, where it is going to be read."""
        if self._begin and self._begin.phase is not Phase.LISTING and not self._again:
            return 0
        if self._days is None and self._most is None:
            return self._client.profile().messages
        return sum(1 for _ in islice(every_id(self._client, self._query), self._most))

    def read(self, cursor: Cursor | None = None) -> Iterator[Item]:
        place = place_of(cursor)
        if place is None or (self._again and place == self._begin):
            place = self._beginning(place)
        while True:
            try:
                yield from self._from(place)
            except HistoryExpired:
                place = replace(self._beginning(None), compares=True)
            else:
                return

    def after(self, cursor: Cursor | None) -> Cursor | None:
        return self._end.cursor if self._end else cursor

    def close(self) -> None:
        self._client.close()

    def _beginning(self, before: Place | None) -> Place:
        """The list's first page. What is known to have been told before is told on after it."""
        history = before.history if before else self._client.profile().history_id
        return Place(Phase.LISTING, history)

    def _from(self, place: Place) -> Iterator[Item]:
        if place.phase is Phase.LISTING:
            place = yield from self._listed(place)
        if place.phase is Phase.COMPARING:
            stored = self._stored.since(self._days, place.after)
            yield from compared(self._client, self._labels, self._query, stored, place)
            place = Place(Phase.HISTORY, place.history, done=place.done)
        yield from self._changed(place)

    def _listed(self, place: Place) -> Generator[Item, None, Place]:
        """What the list has, page by page; and what comes behind it."""
        while self._most is None or place.done < self._most:
            page = self._page(place)
            ids = _behind(page.ids, place.after)[: None if self._most is None else self._most - place.done]
            behind = replace(place, page=page.following, after="", done=place.done + len(ids))
            if not page.following:
                behind = _behind_the_list(behind)
            yield from self._read(ids, place, behind)
            if not page.following:
                return behind
            place = behind
        return _behind_the_list(place)

    def _page(self, place: Place) -> Ids:
        try:
            return self._client.ids(self._query, page=place.page)
        except BadRequest:
            if not place.page:
                raise
            return self._client.ids(self._query)  # the page's token is too old: what is known costs nothing

    def _read(self, ids: list[str], place: Place, behind: Place) -> Iterator[Item]:
        known = self._stored.known(ids)
        with closing(self._contents(one for one in ids if one not in known)) as contents:
            for number, message_id in enumerate(ids, 1):
                at = replace(place, after=message_id, done=place.done + number)
                position = (behind if number == len(ids) else at).cursor
                if message_id in known:
                    yield Known(message_id, position)
                elif content := next(contents):
                    yield self._message(content, position)

    def _contents(self, ids: Iterable[str]) -> Generator[Content | None]:
        """None for what was deleted, or put where we do not read, since it was listed."""
        for content in self._client.contents(ids):
            yield None if isinstance(content, NotFound) or content.labels & KEPT_OUT else content

    def _message(self, content: Content, position: Cursor) -> RawMessage:
        labels, flags = self._labels.state(content.labels)
        return RawMessage(
            content.raw,
            content.size,
            content.digest,
            position,
            labels=labels,
            flags=flags,
            provider_id=content.id,
            provider_thread=content.thread,
        )

    def _changed(self, place: Place) -> Iterator[Item]:
        """Page by page; a page's messages have the place before it, until the last one's."""
        if self._asks_labels:
            yield LabelNames(place.cursor, self._labels.known())
        while True:
            try:
                page = self._client.history(place.history, page=place.page)
            except BadRequest:
                if not place.page:
                    raise
                place = replace(place, page="", until=0)  # its token is too old
                continue
            until = place.until or page.history_id  # what happened since the first page is told by the next sync
            if page.following:
                behind = replace(place, page=page.following, until=until)
            else:
                behind = Place(Phase.HISTORY, until, done=place.done)
            yield from self._told(page.changes, place, behind)
            place = behind
            if not page.following:
                self._end = replace(behind, done=0)
                return

    def _told(self, changes: Iterable[Change], place: Place, behind: Place) -> Iterator[Item]:
        """One page of history as items. They are all told again when a sync goes on in the middle of the page."""
        items = self._items(changes, place.cursor)
        last = next(items, None)
        for item in items:
            if last:
                yield last
            last = item
        if last:
            yield replace(last, position=behind.cursor)

    def _items(self, changes: Iterable[Change], position: Cursor) -> Iterator[Item]:
        news = by_message(changes)
        arrived = [one.id for one in news if one.may_be_new]
        fresh = set(arrived) - self._stored.known(arrived)
        with closing(self._contents(one for one in arrived if one in fresh)) as contents:
            yield from (self._message(content, position) for content in contents if content)
        for one in news:
            if one.gone:
                yield Gone(one.id, position)
            elif one.id not in fresh and (one.added or one.removed):
                yield self._labels.relabelled(one.id, position, one.added, one.removed)


def _behind_the_list(place: Place) -> Place:
    return Place(Phase.COMPARING if place.compares else Phase.HISTORY, place.history, done=place.done)


def _behind(ids: tuple[str, ...], message_id: str) -> list[str]:
    """Those of a page after the one that was read last; all of them where it is there no more."""
    once = list(dict.fromkeys(ids))
    return once[once.index(message_id) + 1 :] if message_id in once else once
