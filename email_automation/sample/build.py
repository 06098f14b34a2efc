"""Writes `sample.mbox` and `expected.json` from the letters: `python -m email_automation.sample.build`.

The same letters give the same bytes on every run.
"""

import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TypedDict

from email_automation.sample import EXPECTED, MBOX
from email_automation.sample.compose import compose
from email_automation.sample.letters import Letter, read_letters
from email_automation.sample.threads import Letters, sender, thread_number

_FROM_LINE = re.compile(rb"^(?=>*From )", re.MULTILINE)


class Expectation(TypedDict, total=False):
    """What a reader should make of a message.

    `intent` is null for what cannot be read and for the owner's own mail; `also` lists intents that are right too;
    `duplicate_of` is the position of the same bytes.
    """

    letter: str
    kind: str
    language: str
    intent: str | None
    also: list[str]
    spam: bool
    automatic: bool
    own: bool
    unreadable: bool
    duplicate_of: int


def build() -> tuple[bytes, list[Expectation]]:
    """The mbox, and what is expected of the message at each position."""
    letters = read_letters()
    positions = {name: position for position, name in enumerate(letters)}
    expected = [_expectation(letter, letters, positions) for letter in letters.values()]
    return b"".join(_entries(letters)), expected


def main() -> None:
    mbox, expected = build()
    MBOX.write_bytes(mbox)
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in expected)
    EXPECTED.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    sys.stdout.write(f"{len(expected)} messages, {len(mbox)} bytes\n")


def _entries(letters: Letters) -> Iterator[bytes]:
    for letter in letters.values():
        source = _original(letter, letters)
        # ">From " too gets a ">", so that taking one off always gives the message back.
        quoted = _FROM_LINE.sub(b">", compose(source, letters))
        yield _separator(source, letter.at.astimezone(UTC), letters) + quoted + b"\n"


def _separator(letter: Letter, at: datetime, letters: Letters) -> bytes:
    """The mbox From_ line, in the form of a Takeout export for a letter with labels."""
    if letter.direction("labels"):
        return f"From {thread_number(letter, letters)}@takeout.example {at:%a %b %d %H:%M:%S +0000 %Y}\n".encode()
    who = "MAILER-DAEMON" if letter.says("null-sender") else sender(letter)[1]
    return f"From {who} {at:%a %b %d %H:%M:%S %Y}\n".encode()


def _expectation(letter: Letter, letters: Letters, positions: dict[str, int]) -> Expectation:
    source = _original(letter, letters)
    own, unreadable = source.says("own"), source.direction("form") == "bytes"
    entry = Expectation(
        letter=letter.id,
        kind=source.kind,
        language=source.direction("lang"),
        intent=None if own or unreadable else source.direction("intent"),
        spam=source.says("spam"),
        automatic=source.says("automatic"),
    )
    if also := source.direction("also"):
        entry["also"] = also.split(", ")
    if own:
        entry["own"] = True
    if unreadable:
        entry["unreadable"] = True
    if source is not letter:
        entry["duplicate_of"] = positions[source.id]
    return entry


def _original(letter: Letter, letters: Letters) -> Letter:
    return letters[letter.direction("copy-of", letter.id)]


if __name__ == "__main__":
    main()
