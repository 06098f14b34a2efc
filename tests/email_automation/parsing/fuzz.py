"""Mail that was damaged: bytes flipped, cut, doubled, spliced with other mail, or with what parsers trip over.

    python -m tests.email_automation.parsing.fuzz FOLDER|MBOX ... [--rounds N] [--seed N]

parses every message of a corpus in so many damaged forms, and prints the slowest, and the memory that it took.
"""

import argparse
import random
import resource
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from email_automation.mailboxes import open_mailbox
from email_automation.mailboxes.base import MAX_RAW
from email_automation.parsing import ParsedMessage, Unreadable, parse
from email_automation.parsing.html import MAX_HTML
from email_automation.parsing.message import MAX_SUBJECT, MAX_TEXT
from email_automation.reading.safe_html import safe_html

TRIPWIRES = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\r\n\r\n", b"\n\n", b"\n ", b"--", b"=?utf-8?b?", b"?=", b"=\n", b"=",
    b"(" * 50, b'"', b"<", b">", b";", b",", b":", b"@", b"\x1b$B", b"+AGE-", b"%00", b"boundary=", b'boundary=""',
    b"Content-Type: multipart/mixed; boundary=x\n\n--x\n", b"Content-Type: message/rfc822\n\n", b"charset=utf-16",
    b"charset=idna", b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: x-uuencode\n", b"From \n",
    b"\nFrom x Mon Jan  5 11:25:00 2026\n", b"Date: Mon, 99 Zzz 99999 99:99:99 +9999\n", b"filename*0*=utf-8''%ff",
    b"<!--", b"<style>", b"<table>" * 20, b"&#x110000;", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
)  # fmt: skip


def damaged(raw: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """Another form of a message; the same one for the same state of `chance`."""
    for _ in range(chance.randint(1, 6)):
        raw = chance.choice((_flip, _cut, _remove, _double, _splice, _trip, _swap_lines))(raw, others, chance)
    return raw


def check(raw: bytes) -> ParsedMessage | Unreadable:
    """What the parser says of it, which must be something that a database takes and a page shows."""
    found = parse(raw)
    if isinstance(found, ParsedMessage):
        texts = (found.subject, found.text, found.from_name, found.html, found.message_id, found.thread_key)
        assert not any(bad in text for text in texts for bad in "\0\ud800\udfff")
        assert len(found.text) <= MAX_TEXT
        assert len(found.subject) <= MAX_SUBJECT
        assert len(found.html) <= MAX_HTML
        assert "\n" not in found.subject + found.from_name + found.from_address
        assert all("/" not in one.name and "\\" not in one.name for one in found.attachments)
        "".join(texts).encode()
        safe_html(found.html)
    return found


def _flip(raw: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    data = bytearray(raw)
    for _ in range(min(len(data), chance.randint(1, 20))):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)


def _cut(raw: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    return raw[: chance.randint(0, len(raw))]


def _remove(raw: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    start = chance.randint(0, len(raw))
    return raw[:start] + raw[start + chance.randint(0, 200) :]


def _double(raw: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    start = chance.randint(0, len(raw))
    piece = raw[start : start + chance.randint(1, 200)]
    return (raw[:start] + piece * chance.randint(2, 50) + raw[start:])[:MAX_RAW]


def _splice(raw: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    other = chance.choice(others)
    return raw[: chance.randint(0, len(raw))] + other[chance.randint(0, len(other)) :]


def _trip(raw: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    at = chance.randint(0, len(raw))
    return raw[:at] + chance.choice(TRIPWIRES) + raw[at:]


def _swap_lines(raw: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    lines = raw.split(b"\n")
    for _ in range(3):
        one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _corpus(paths: Sequence[Path]) -> Iterator[bytes]:
    for path in paths:
        yield from (message.raw for message in open_mailbox(path).messages())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    mails = list(_corpus(options.paths))
    chance = random.Random(options.seed)
    slowest, size, unreadable, number = 0.0, 0, 0, 0
    began = time.monotonic()
    for _ in range(options.rounds):
        for mail in mails:
            raw = damaged(mail, mails, chance)
            started = time.process_time()
            unreadable += isinstance(check(raw), Unreadable)
            took = time.process_time() - started
            number += 1
            if took > slowest:
                slowest, size = took, len(raw)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    seconds = time.monotonic() - began
    print(f"{number} messages in {seconds:.0f} s, {unreadable} of them unreadable; none broke anything")
    print(f"the slowest took {1000 * slowest:.0f} ms ({size} bytes); {memory} MiB at most")


if __name__ == "__main__":
    main()
