"""An IMAP account as a mailbox: folder by folder, news of what is stored, then what is new."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import ClassVar, Protocol

from email_automation.mailboxes.base import Changed, Cursor, Gone, Item, Known, MailboxSource, RawMessage
from email_automation.mailboxes.imap.connection import Client
from email_automation.mailboxes.imap.errors import RefusedByServerError, ServerTroubleError, spoken_with
from email_automation.mailboxes.imap.fetching import Fetched, fetch
from email_automation.mailboxes.imap.folders import Folder, folders_of
from email_automation.mailboxes.imap.gmail import wanted
from email_automation.mailboxes.imap.news import news
from email_automation.mailboxes.imap.place import Past, Place, Step
from email_automation.mailboxes.imap.walking import uids_from_the_top

AT_ONCE = 200  # messages whose flags and sizes are asked for at once


class Stored(Protocol):
    """What is stored of this mailbox."""

    def known(self, provider_ids: Sequence[str]) -> set[str]: ...

    def beginning_with(self, prefix: str) -> Iterator[str]: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a sync is to read."""

    since: date | None = None
    """Mail that arrived earlier is left there by a sync that reads what no sync before did."""
    limit: int = 0
    """And it reads at most so many; 0: all."""
    only: tuple[str, ...] = ()
    """Folders; none: all."""
    without: tuple[str, ...] = ()


class ImapSource(MailboxSource):
    """Reads over the connections that it is given one at a time."""

    kind: ClassVar[str] = "imap"

    def __init__(self, connect: AbstractContextManager[Client], stored: Stored, wanted: Wanted) -> None:
        self._connect = connect
        self._stored = stored
        self._wanted = wanted
        self._end: Cursor | None = None

    def size_hint(self) -> int:
        return 0  # how many are new is known once they were read

    def after(self, cursor: Cursor | None) -> Cursor | None:
        return self._end

    def read(self, cursor: Cursor | None = None) -> Iterator[Item]:
        with self._connect as client:
            every = folders_of(client)
            place = self._begin(Place.of(cursor), every)
            for folder in wanted(client, every, self._wanted.only, self._wanted.without):
                if folder.key not in place.finished:
                    place = yield from self._folder(client, folder, place)
            for prefix in place.stale:
                for provider_id in self._stored.beginning_with(prefix):
                    yield Gone(provider_id, place.cursor())
            self._end = place.settled()

    def _begin(self, place: Place | None, every: Sequence[Folder]) -> Place:
        since = self._wanted.since.toordinal() if self._wanted.since else 0
        if place is None:
            return Place(since=since, limit=self._wanted.limit, whole=True)
        left = {folder.key for folder in every}
        lost = [key for key in place.folders if key not in left]
        stale = (*place.stale, *(f"{key}/{place.folders[key].validity}/" for key in lost))
        folders = {key: past for key, past in place.folders.items() if key in left}
        place = replace(place, folders=folders, stale=stale)
        further = since < place.since or (place.limit and not 0 < self._wanted.limit <= place.limit)
        if further and not place.finished and not place.step:
            return replace(
                place, whole=True, since=min(since, place.since), limit=self._wanted.limit if place.limit else 0
            )
        return place

    def _folder(self, client: Client, folder: Folder, place: Place) -> Generator[Item, None, Place]:
        """What a folder says, and the place behind it."""
        now = _open(client, folder)
        if now is None:
            return replace(place, finished=(*place.finished, folder.key))
        past = place.folders.get(folder.key)
        if past and past.validity != now.validity:
            place = replace(place, stale=(*place.stale, f"{folder.key}/{past.validity}/"))
            past = None
        step = _step(place, folder, past, now)
        if past:
            step = yield from self._news(client, folder, place, step, past)
        place, step = yield from self._messages(client, folder, place, step, now.exists)
        return place.ended(step)

    def _news(
        self, client: Client, folder: Folder, place: Place, step: Step, past: Past
    ) -> Generator[Item, None, Step]:
        prefix = f"{folder.key}/{past.validity}/"
        ids = self._stored.beginning_with(prefix)
        stored = [uid for one in ids if step.compared < (uid := int(one.removeprefix(prefix))) <= past.last]
        for some in news(client, folder, past, step.future, stored):
            step = replace(step, compared=some.last)
            position = place.begun(step).cursor()
            for uid, flags in some.flags.items():
                yield Changed(f"{prefix}{uid}", position, some.labels[uid], flags)
            yield from (Gone(f"{prefix}{uid}", position) for uid in some.gone)
        return step

    def _messages(
        self, client: Client, folder: Folder, place: Place, step: Step, exists: int
    ) -> Generator[Item, None, tuple[Place, Step]]:
        since = date.fromordinal(place.since) if place.since and not step.floor else None
        below = step.below or step.future.last + 1
        for uids in uids_from_the_top(client, exists, step.floor, below, since):
            for some in (uids[start : start + AT_ONCE] for start in range(0, len(uids), AT_ONCE)):
                place, step = yield from self._batch(client, folder, place, step, some)
                if place.is_spent:
                    return place, step
        return place, step

    def _batch(
        self, client: Client, folder: Folder, place: Place, step: Step, uids: Sequence[int]
    ) -> Generator[Item, None, tuple[Place, Step]]:
        ids = {uid: f"{folder.key}/{step.future.validity}/{uid}" for uid in uids}
        known = self._stored.known(list(ids.values()))
        for provider_id in known:
            place = replace(place, done=place.done + 1)
            yield Known(provider_id, place.begun(step).cursor())  # behind it are some that were not read yet
        for message in fetch(client, folder, place.affordable([uid for uid in uids if ids[uid] not in known])):
            step = replace(step, below=message.uid)
            place = replace(place, done=place.done + 1, spent=place.spent + 1)
            yield _raw(message, ids[message.uid], place.begun(step).cursor())
        return place, replace(step, below=uids[-1])


def _open(client: Client, folder: Folder) -> Past | None:
    """The folder as it is now. None: it is not there any more, or closed to us."""
    try:
        with spoken_with(client.host):
            said = client.select_folder(folder.raw, readonly=True)
            numbers = [_number(said, name) for name in (b"UIDVALIDITY", b"UIDNEXT", b"HIGHESTMODSEQ", b"EXISTS")]
            validity, following, modseq, exists = numbers
            last = following - 1 if following else max(client.search(["UID", "*"]), default=0)
    except RefusedByServerError:
        if folder.is_inbox:
            raise
        return None
    if not validity:
        raise ServerTroubleError(f"{client.host} gives its messages no lasting numbers.")
    return Past(validity, last, modseq, exists)


def _number(said: dict[bytes, object], name: bytes) -> int:
    value = said.get(name)
    return value if isinstance(value, int) and value > 0 else 0


def _step(place: Place, folder: Folder, past: Past | None, now: Past) -> Step:
    """Where to go on in this folder, if it still counts as it did then; else at its beginning."""
    step = place.step
    if step and step.key == folder.key and step.future.validity == now.validity:
        return step
    return Step(folder.key, now, floor=past.last if past and not place.whole else 0)


def _raw(message: Fetched, provider_id: str, position: Cursor) -> RawMessage:
    return RawMessage(
        message.raw,
        message.size,
        message.digest or sha256(f"unreadable\0{provider_id}".encode()).hexdigest(),
        position,
        labels=message.head.labels,
        flags=message.head.flags,
        problem=message.problem,
        provider_id=provider_id,
        provider_thread=message.head.thread,
    )
