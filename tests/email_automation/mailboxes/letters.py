"""Small mails and mailboxes to read."""

from pathlib import Path

FROM_LINE = b"From ada@fikiri.example Thu Aug 22 12:36:23 2002\n"


def letter(number: int, body: bytes = b"Hello.\n") -> bytes:
    head = f"From: Ada <ada@fikiri.example>\nSubject: Letter {number}\nMessage-ID: <{number}@fikiri.example>\n\n"
    return head.encode() + body


def mbox(folder: Path, *letters: bytes, between: bytes = b"\n") -> Path:
    path = folder / "inbox.mbox"
    path.write_bytes(b"".join(FROM_LINE + one + between for one in letters))
    return path
