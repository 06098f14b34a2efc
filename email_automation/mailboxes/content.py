"""Bounded reading: a message of any size costs a bounded head and one pass for its digest."""

import hashlib
import os
from collections.abc import Iterator

from email_automation.mailboxes.base import MAX_RAW

CHUNK = 1_048_576  # bytes


def head_and_digest(file: int, start: int, end: int) -> tuple[bytes, str]:
    """The first bytes of [start, end) of an open file (at most MAX_RAW), and the sha256 of all of them."""
    digest = hashlib.sha256()
    head = bytearray()
    for chunk in chunks(file, start, end):
        digest.update(chunk)
        if len(head) < MAX_RAW:
            head += chunk[: MAX_RAW - len(head)]
    return bytes(head), digest.hexdigest()


def chunks(file: int, start: int, end: int) -> Iterator[bytes]:
    while start < end and (chunk := os.pread(file, min(CHUNK, end - start), start)):
        yield chunk
        start += len(chunk)
