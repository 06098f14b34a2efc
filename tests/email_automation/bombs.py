"""Mail that is made to cost whoever reads it; each once more as what seems to be a bounce, which is read twice."""

from __future__ import annotations

import base64
import time
import tracemalloc
import zlib
from collections.abc import Callable

MEMORY = 150_000_000  # bytes, for all of them
SECONDS = 120.0  # about ten times what it takes

BOUNCE = (
    b"From: MAILER-DAEMON@company.com\r\nTo: shop@fikiri.example\r\nSubject: Undelivered Mail Returned to Sender\r\n"
    b"Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
)
LETTER = b"From: eve@company.com\r\nTo: shop@fikiri.example\r\nSubject: A bomb\r\nMIME-Version: 1.0\r\n"


def nested(head: bytes, depth: int) -> bytes:
    """A multipart within a multipart, and so on."""
    parts = [head + b'Content-Type: multipart/mixed; boundary="0"\r\n\r\n']
    for number in range(1, depth):
        parts.append(b'--%d\r\nContent-Type: multipart/mixed; boundary="%d"\r\n\r\n' % (number - 1, number))
    parts.append(b"--%d\r\n\r\nBoom.\r\n" % (depth - 1))
    return b"".join(parts)


def forwarded(head: bytes, depth: int) -> bytes:
    """A message within a message, and so on."""
    return (
        head
        + b"Content-Type: message/rfc822\r\n\r\n"
        + b"Content-Type: message/rfc822\r\n\r\n" * depth
        + b"\r\nBoom.\r\n"
    )


def many(head: bytes, parts: int) -> bytes:
    part = b"--x\r\nContent-Type: text/plain\r\n\r\nBoom.\r\n"
    return head + b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n' + part * parts + b"--x--\r\n"


def packed(head: bytes, size: int) -> bytes:
    """A few kilobytes that are many once unpacked, within base64."""
    zipped = base64.encodebytes(zlib.compress(bytes(size), 9)).replace(b"\n", b"\r\n")
    kind = b'Content-Type: application/zip; name="bomb.zip"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    return head + kind + zipped


def long_lines(head: bytes, size: int) -> bytes:
    return (
        head + b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"PGI+" * (size // 4) + b"\r\n"
    )


def huge_headers(head: bytes, size: int) -> bytes:
    folded = b"References: <" + b"a" * 60 + b"@x>" + b"\r\n <b@x>" * (size // 16) + b"\r\n"
    return head + folded + b"X-Filler: " + b"f" * (size // 2) + b"\r\n\r\nBoom.\r\n"


def bombs() -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name, head in (("letter", LETTER), ("bounce", BOUNCE)):
        found |= {
            f"nested {name}": nested(head, 2_000),
            f"forwarded {name}": forwarded(head, 2_000),
            f"many parts {name}": many(head, 10_000),
            f"packed {name}": packed(head, 50_000_000),
            f"long lines {name}": long_lines(head, 2_000_000),
            f"huge headers {name}": huge_headers(head, 2_000_000),
        }
    return found


def costs_little(read: Callable[[], object]) -> bool:
    """Whether it takes a bounded time of the processor, and of memory."""
    began = time.process_time()
    tracemalloc.start()
    try:
        read()
        return tracemalloc.get_traced_memory()[1] < MEMORY and time.process_time() - began < SECONDS
    finally:
        tracemalloc.stop()
