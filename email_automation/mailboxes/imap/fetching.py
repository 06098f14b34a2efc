"""Messages from the folder that is open, in pieces: no answer is larger than what was asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from email_automation.mailboxes.base import MAX_RAW
from email_automation.mailboxes.imap.connection import Client
from email_automation.mailboxes.imap.errors import RefusedByServerError, spoken_with
from email_automation.mailboxes.imap.flags import words_of

PIECE = 524_288  # bytes asked for of one message at a time
MAX_READ = 67_108_864  # bytes read of one message; of a longer one the digest is of these and the size
GROUP = 20  # messages whose beginnings are asked for at once
GROUP_BYTES = 2_097_152


@dataclass(frozen=True, slots=True)
class Fetched:
    uid: int
    raw: bytes
    size: int
    digest: str
    flags: tuple[str, ...]
    problem: str = ""
    """Why it cannot be had; there is no digest then."""


def fetch(client: Client, uids: Sequence[int]) -> Iterator[Fetched]:
    """These messages in this order; one that is there no more is left out."""
    with spoken_with(client.host):
        heads = client.fetch(uids, ["FLAGS", "RFC822.SIZE"])
    known = {uid: (_size(heads[uid].get(b"RFC822.SIZE")), words_of(heads[uid].get(b"FLAGS"))) for uid in heads}
    for group in _groups([uid for uid in uids if uid in known], {uid: size for uid, (size, _) in known.items()}):
        beginnings = _pieces(client, group, 0)
        for uid in group:
            if message := _whole(client, uid, beginnings, *known[uid]):
                yield message


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


def _whole(client: Client, uid: int, pieces: dict[int, object], size: int, flags: tuple[str, ...]) -> Fetched | None:
    """A message from its first piece on; None if it went away meanwhile."""
    digest = sha256()
    head = bytearray()
    read = 0
    while uid in pieces:
        piece = pieces[uid]
        if not isinstance(piece, bytes) or len(piece) > PIECE:
            return Fetched(uid, b"", 0, "", flags, _reason(piece))
        digest.update(piece)
        head += piece[: MAX_RAW - len(head)]
        read += len(piece)
        if len(piece) < PIECE:
            return Fetched(uid, bytes(head), read, digest.hexdigest(), flags)
        if read >= MAX_READ:
            digest.update(b"%d" % size)
            return Fetched(uid, bytes(head), max(size, read + 1), digest.hexdigest(), flags)
        pieces = _pieces(client, [uid], read)
    return None


def _reason(piece: object) -> str:
    return "its server does not give it" if piece is None else "its server sent more of it than was asked for"
