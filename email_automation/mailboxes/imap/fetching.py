"""Messages from the folder that is open, in pieces: no answer is larger than what was asked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from email_automation.mailboxes.base import MAX_RAW
from email_automation.mailboxes.imap.connection import Client
from email_automation.mailboxes.imap.errors import RefusedByServerError, spoken_with
from email_automation.mailboxes.imap.flags import words_of
from email_automation.mailboxes.imap.folders import Folder
from email_automation.mailboxes.imap.gmail import THREAD, items, labels_of, thread_of

PIECE = 524_288  # bytes asked for of one message at a time
MAX_READ = 67_108_864  # bytes read of one message; of a longer one the digest is of these and the size
GROUP = 20  # messages whose beginnings are asked for at once
GROUP_BYTES = 2_097_152


@dataclass(frozen=True, slots=True)
class Head:
    """What is told of a message besides its bytes."""

    size: int
    flags: tuple[str, ...]
    labels: tuple[str, ...]
    thread: str


@dataclass(frozen=True, slots=True)
class Fetched:
    uid: int
    head: Head
    raw: bytes
    size: int
    digest: str
    problem: str = ""
    """Why it cannot be had; there is no digest then."""


def fetch(client: Client, folder: Folder, uids: Sequence[int]) -> Iterator[Fetched]:
    """These messages of the folder that is open, in this order; one that is there no more is left out."""
    with spoken_with(client.host):
        said = client.fetch(uids, ["FLAGS", "RFC822.SIZE", *items(client, THREAD)])
    heads = {uid: _head(folder, one) for uid, one in said.items()}
    for group in _groups([uid for uid in uids if uid in heads], {uid: head.size for uid, head in heads.items()}):
        beginnings = _pieces(client, group, 0)
        for uid in group:
            if message := _whole(client, uid, beginnings, heads[uid]):
                yield message


def _head(folder: Folder, said: Mapping[bytes, object]) -> Head:
    labels = labels_of(folder, said)
    return Head(
        _size(said.get(b"RFC822.SIZE")),
        words_of(said.get(b"FLAGS")),
        folder.labels if labels is None else labels,
        thread_of(said),
    )


def _size(said: object) -> int:
    return said if isinstance(said, int) and said > 0 else 0


def _groups(uids: Sequence[int], sizes: dict[int, int]) -> Iterator[list[int]]:
    group: list[int] = []
    total = 0
    for uid in uids:
        size = min(sizes[uid], PIECE)
        if group and (len(group) >= GROUP or total + size > GROUP_BYTES):
            yield group
            group, total = [], 0
        group.append(uid)
        total += size
    if group:
        yield group


def _pieces(client: Client, uids: Sequence[int], start: int) -> dict[int, object]:
    """The bytes from `start` on of each: not of one that is gone, None of one that the server does not give."""
    try:
        with spoken_with(client.host):
            answer = client.fetch(uids, [f"BODY.PEEK[]<{start}.{PIECE}>"])
    except RefusedByServerError:
        if len(uids) == 1:
            return {uids[0]: None}
        return {uid: piece for one in uids for uid, piece in _pieces(client, [one], start).items()}
    return {uid: said.get(f"BODY[]<{start}>".encode()) for uid, said in answer.items()}


def _whole(client: Client, uid: int, pieces: dict[int, object], about: Head) -> Fetched | None:
    """A message from its first piece on; None if it went away meanwhile."""
    digest = sha256()
    head = bytearray()
    read = 0
    while uid in pieces:
        piece = pieces[uid]
        if not isinstance(piece, bytes) or len(piece) > PIECE:
            return Fetched(uid, about, b"", 0, "", _reason(piece))
        digest.update(piece)
        head += piece[: MAX_RAW - len(head)]
        read += len(piece)
        if len(piece) < PIECE:
            return Fetched(uid, about, bytes(head), read, digest.hexdigest())
        if read >= MAX_READ:
            digest.update(b"%d" % about.size)
            return Fetched(uid, about, bytes(head), max(about.size, read + 1), digest.hexdigest())
        pieces = _pieces(client, [uid], read)
    return None


def _reason(piece: object) -> str:
    return "its server does not give it" if piece is None else "its server sent more of it than was asked for"
