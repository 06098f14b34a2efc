"""The parts of a message: within bounds, and without recursion deeper than those."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from email_automation.parsing.charsets import decode, one_line
from email_automation.parsing.encodedwords import decode_words
from email_automation.parsing.headers import Headers, split_headers
from email_automation.parsing.message import MAX_NAME, MAX_TYPE, Problem

MAX_DEPTH = 50
MAX_PARTS = 1000
MAX_PARAMETERS = 8192  # characters

_TYPE = re.compile(r"\s*([a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+)", re.IGNORECASE)
_PARAMETER = re.compile(r';\s*([^\s=;"]{1,100})\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)')
_CONTINUED = re.compile(r"^(.+?)(?:\*(\d{1,2}))?(\*)?$")
_QUOTED_PAIR = re.compile(r"\\(.)")


@dataclass(slots=True)
class Part:
    headers: Headers
    body: bytes
    content_type: str = "text/plain"
    parameters: dict[str, str] = field(default_factory=dict)
    disposition: str = ""
    filename: str = ""
    children: list["Part"] = field(default_factory=list)

    def walk(self) -> Iterator["Part"]:
        """Every part that has no parts of its own, in order."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.walk()


class Parser:
    """Takes one message apart; `problems` says what was wrong with it."""

    def __init__(self) -> None:
        self.problems: set[Problem] = set()
        self._parts = 0

    def part(self, headers: Headers, body: bytes, depth: int = 0, default: str = "text/plain") -> Part:
        self._parts += 1
        part = Part(headers, body)
        part.content_type, part.parameters = parameters(headers.as_written("content-type"), default)
        disposition, more = parameters(headers.as_written("content-disposition"), "")
        part.disposition = disposition
        part.filename = _filename(more.get("filename") or part.parameters.get("name", ""))
        if part.content_type.startswith("multipart/"):
            self._divide(part, depth)
        return part

    def _divide(self, part: Part, depth: int) -> None:
        if depth >= MAX_DEPTH:
            self.problems.add(Problem.TOO_DEEP)
            return
        default = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
        for piece in self._pieces(part.body, part.parameters.get("boundary", "")):
            if self._parts >= MAX_PARTS:
                self.problems.add(Problem.TOO_MANY_PARTS)
                return
            headers, start = split_headers(piece)
            part.children.append(self.part(headers, piece[start:], depth + 1, default))
        if not part.children:
            self.problems.add(Problem.BAD_MIME)
            part.content_type = "text/plain"

    def _pieces(self, body: bytes, boundary: str) -> Iterator[bytes]:
        """What lies between the boundary lines; without the last of them, up to the end."""
        if not boundary:
            return
        marker = boundary.rstrip()[:200].encode("utf-8", "replace")
        lines = re.finditer(rb"^--" + re.escape(marker) + rb"(--)?[ \t]*\r?(?:\n|\Z)", body, re.MULTILINE)
        start = -1
        for line in lines:
            if start >= 0:
                yield _without_last_newline(body[start : line.start()])
            start = line.end()
            if line[1]:
                return
        if start >= 0:
            self.problems.add(Problem.BAD_MIME)
            yield body[start:]


def parameters(value: str, default: str) -> tuple[str, dict[str, str]]:
    """The value of a structured header (lower case) and its parameters, those of RFC 2231 put together."""
    value = value[:MAX_PARAMETERS]
    kind = _TYPE.match(value) if default else re.match(r"\s*([A-Za-z-]+)", value)
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for match in _PARAMETER.finditer(value):
        name = _CONTINUED.match(match[1].lower())
        if name:
            number = int(name[2]) if name[2] else 0
            pieces.setdefault(name[1], []).append((number, bool(name[3]), _unquote(match[2])))
    joined = {name: _join(sorted(parts, key=lambda part: part[0])) for name, parts in pieces.items()}
    return (kind[1].lower()[:MAX_TYPE] if kind else default), joined


def _unquote(text: str) -> str:
    text = text.strip()
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        return _QUOTED_PAIR.sub(r"\1", text[1:-1])
    return text


def _join(parts: list[tuple[int, bool, str]]) -> str:
    if not any(extended for _, extended, _ in parts):
        return "".join(text for _, _, text in parts)
    charset, quote, rest = parts[0][2].partition("'")
    first = rest.partition("'")[2] if quote else parts[0][2]
    texts = [first, *(text for _, _, text in parts[1:])]
    return decode(b"".join(unquote_to_bytes(text) for text in texts), charset if quote else "")[0]


def _filename(text: str) -> str:
    """A name only: no folders, nothing that a shell or a page could take for more."""
    name = one_line(decode_words(text)).replace("\\", "/").rsplit("/", 1)[-1]
    return name.lstrip(".").strip()[:MAX_NAME]


def _without_last_newline(piece: bytes) -> bytes:
    """The line break before a boundary belongs to the boundary."""
    if piece.endswith(b"\r\n"):
        return piece[:-2]
    return piece.removesuffix(b"\n")
