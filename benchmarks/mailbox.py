"""A mailbox of any size: the sample's messages again and again, each time of other people, with other ids and text."""

import re
from collections.abc import Iterator
from pathlib import Path

from email_automation.sample import MBOX, OWNER

_START = re.compile(rb"^(?=From )", re.MULTILINE)
_ADDRESS = re.compile(rb"[\w.+-]+(?=@[\w-]+\.)")  # of people, and ids of messages
_ENCODED = re.compile(rb"^Content-(?:Transfer-Encoding: *(?:base64|quoted)|Type: *multipart)", re.MULTILINE | re.I)


def write(path: Path, messages: int) -> None:
    """An mbox of so many messages."""
    with path.open("wb") as file:
        for message in take(messages):
            file.write(message)


def take(messages: int) -> Iterator[bytes]:
    """Entries of an mbox, each with its From_ line. The first are the sample itself."""
    entries = _START.split(MBOX.read_bytes())[1:]
    for number in range(messages):
        copy, place = divmod(number, len(entries))
        yield vary(entries[place], copy) if copy else entries[place]


def vary(entry: bytes, copy: int) -> bytes:
    """The same letter of another person. Threads stay together; what is broken stays broken."""
    line, _, message = entry.partition(b"\n")
    head, blank, body = message.partition(b"\n\n")
    mark = b"%d" % copy
    head = _ADDRESS.sub(lambda found: found[0] if _is_owner(found) else found[0] + b"." + mark, head)
    text = body if _ENCODED.search(head) else b"Our reference: " + mark + b"\n" + body
    return b"\n".join((line, b"X-Copy: " + mark, head + blank + text))


def _is_owner(found: re.Match[bytes]) -> bool:
    return found.string[found.start() :].startswith(OWNER.encode())
