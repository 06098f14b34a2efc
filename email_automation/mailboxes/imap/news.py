"""What became of messages that are stored: their flags, and whether they are still there.

With QRESYNC the server tells both since a number of ours, with CONDSTORE the flags; what it does not tell is compared.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from email_automation.mailboxes.imap.connection import Client
from email_automation.mailboxes.imap.errors import spoken_with
from email_automation.mailboxes.imap.flags import words_of
from email_automation.mailboxes.imap.folders import Folder
from email_automation.mailboxes.imap.gmail import items, labels_of
from email_automation.mailboxes.imap.place import Past

AT_ONCE = 500  # UIDs of one command: it stays below the 8,000 bytes that every server takes
COMPARED = 10_000  # of a folder whose server does not count changes: the newest so many


@dataclass(frozen=True, slots=True)
class News:
    """Of some UIDs, the last of them named."""

    last: int
    flags: dict[int, tuple[str, ...]]
    labels: dict[int, tuple[str, ...] | None]
    gone: set[int]


def news(client: Client, folder: Folder, past: Past, now: Past, stored: Sequence[int]) -> Iterator[News]:
    """What changed of these UIDs, in ascending order, between two looks at the folder that is open."""
    counted = bool(past.modseq and now.modseq)
    if counted and past == now:
        return
    uids = sorted(stored) if counted else sorted(stored)[-COMPARED:]
    for start in range(0, len(uids), AT_ONCE):
        some = uids[start : start + AT_ONCE]
        with spoken_with(client.host):
            yield _changed_since(client, folder, past.modseq, some) if counted else _as_it_is(client, folder, some)


def _changed_since(client: Client, folder: Folder, modseq: int, uids: Sequence[int]) -> News:
    quick = client.has_capability("QRESYNC")
    client.vanished()
    modifiers = [f"CHANGEDSINCE {modseq}", *(["VANISHED"] if quick else [])]
    told = client.fetch(uids, ["FLAGS", *items(client)], modifiers)
    if quick:
        ranges = _ranges(client.vanished())
        gone = {uid for uid in uids if _is_in(uid, ranges)}
    else:
        gone = set(uids) - set(client.search(["UID", ",".join(map(str, uids))]))
    return News(uids[-1], _flags(told), _labels(folder, told), gone)


def _as_it_is(client: Client, folder: Folder, uids: Sequence[int]) -> News:
    told = client.fetch(uids, ["FLAGS", *items(client)])
    flags = _flags(told)
    return News(uids[-1], flags, _labels(folder, told), set(uids) - set(flags))


def _flags(answer: "dict[int, dict[bytes, object]]") -> dict[int, tuple[str, ...]]:
    return {uid: words_of(said[b"FLAGS"]) for uid, said in answer.items() if b"FLAGS" in said}


def _labels(folder: Folder, answer: "dict[int, dict[bytes, object]]") -> dict[int, tuple[str, ...] | None]:
    return {uid: labels_of(folder, said) for uid, said in answer.items()}


def _ranges(sets: Sequence[str]) -> list[tuple[int, int]]:
    ends = [one.partition(":") for text in sets for one in text.split(",") if one]
    return [(int(first), int(last or first)) for first, _, last in ends]


def _is_in(uid: int, ranges: Sequence[tuple[int, int]]) -> bool:
    return any(min(ends) <= uid <= max(ends) for ends in ranges)
