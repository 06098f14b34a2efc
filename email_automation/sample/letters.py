"""Reads the letters: text files with one record for each message.

A file begins with defaults for its records. A record is a line `=== id | time`, headers, a blank line, the text, then
sections. What begins with a capital is a mail header, written as it stands (`-` leaves it out); a small letter begins a
label or a direction to the composer:

    === sales-01 | 2026-01-05 08:12 +0000
    From: Marta Quill <marta@quill.example>
    charset: iso-8859-1

    Good morning, ...
    ~~~ csv order.csv
    item,pieces
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from email_automation.sample import LETTERS

Header = tuple[str, str]

_RECORD = re.compile(r"^=== (?P<id>[\w-]+) \| (?P<at>.+)\n", re.MULTILINE)
_SECTION = re.compile(r"^~~~ (?P<kind>[\w-]+) ?(?P<name>.*)\n", re.MULTILINE)
_HEADER = re.compile(r"^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)$", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """What comes beside the text: the HTML form, an attachment."""

    kind: str
    name: str
    text: str


@dataclass(frozen=True)
class Letter:
    """One message as its author wrote it, before it becomes bytes."""

    id: str
    kind: str
    at: datetime
    headers: tuple[Header, ...]
    directions: Mapping[str, str]
    text: str
    sections: tuple[Section, ...]

    @property
    def token(self) -> str:
        """Stands for the letter in what a mail shows: its id would tell a reader what kind of mail it is."""
        return hashlib.sha256(self.id.encode()).hexdigest()[:12]

    def header(self, name: str) -> str:
        """The first header of that name; empty when it is absent or left out."""
        value = next((value for key, value in self.headers if key == name), "")
        return "" if value == "-" else value

    def direction(self, name: str, default: str = "") -> str:
        return self.directions.get(name, default)

    def says(self, name: str) -> bool:
        return self.direction(name) == "yes"

    def attachments(self) -> list[Section]:
        return [section for section in self.sections if section.kind != "html"]

    def html(self) -> str:
        return next((section.text for section in self.sections if section.kind == "html"), "")


def read_letters(folder: Path = LETTERS) -> dict[str, Letter]:
    """All letters by id, in order of time. Raises ValueError for an id used twice."""
    letters = sorted((letter for path in sorted(folder.glob("*.txt")) for letter in _of_file(path)), key=_by_time)
    by_id = {letter.id: letter for letter in letters}
    if len(by_id) != len(letters):
        raise ValueError("Two letters share an id; rename one of them.")
    return by_id


def _by_time(letter: Letter) -> tuple[datetime, str]:
    return letter.at, letter.id


def _of_file(path: Path) -> Iterator[Letter]:
    head, *rest = _RECORD.split(path.read_text(encoding="utf-8"))
    headers, directions = _told_apart(_HEADER.findall(head))
    for name, at, content in _triples(rest):
        yield _letter(path.stem, name, at, content, headers, directions)


def _letter(
    kind: str, name: str, at: str, content: str, headers: Iterable[Header], directions: Mapping[str, str]
) -> Letter:
    head, _, body = content.partition("\n\n")
    own_headers, own_directions = _told_apart(_HEADER.findall(head))
    own_names = {key for key, _ in own_headers}
    inherited = [(key, value) for key, value in headers if key not in own_names]
    text, *sections = _SECTION.split(body)
    return Letter(
        id=name,
        kind=kind,
        at=datetime.strptime(at.strip(), "%Y-%m-%d %H:%M %z"),
        headers=(*own_headers, *inherited),
        directions={**directions, **own_directions},
        text=text.strip("\n") + "\n",
        sections=tuple(Section(*section[:2], section[2].rstrip("\n") + "\n") for section in _triples(sections)),
    )


def _told_apart(fields: Iterable[Header]) -> tuple[list[Header], dict[str, str]]:
    fields = list(fields)
    headers = [(key, value) for key, value in fields if key[0].isupper()]
    return headers, {key: value for key, value in fields if not key[0].isupper()}


def _triples(flat: list[str]) -> Iterator[tuple[str, str, str]]:
    return zip(flat[::3], flat[1::3], flat[2::3], strict=True)
