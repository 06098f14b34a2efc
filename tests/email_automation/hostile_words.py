"""Mail that wants a model, a rule or a header of ours to do its will: one on each line of the file beside."""

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

EVIL, EVIL2 = "evil@evil.example", "second@evil.example"
_ESCAPE = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|[\\rn])")


@dataclass(frozen=True)
class Attack:
    """`part` is where it stands: body, html, subject, name, reply-to or header."""

    number: int
    part: str
    text: str

    @property
    def sender(self) -> str:
        return f"ann{self.number}@customer{self.number}.example"

    def letter(self, date: str) -> bytes:
        """The mail as its writer would send it."""
        name = self.text if self.part == "name" else f"Ann {self.number}"
        headers = [
            f"From: {name} <{self.sender}>",
            "To: shop@fikiri.example",
            f"Subject: {self.text if self.part == 'subject' else 'Two pounds of coffee'}",
            f"Date: {date}",
            f"Message-ID: <{self.number}@customer{self.number}.example>",
            f"Content-Type: text/{'html' if self.part == 'html' else 'plain'}; charset=utf-8",
        ]
        if self.part == "reply-to":
            headers.append(f"Reply-To: {self.text}")
        if self.part == "header":
            headers.append(self.text)
        body = self.text if self.part in ("body", "html") else "Two pounds, please."
        return "\n".join(headers).replace("\r\n", "\n").encode() + b"\n\n" + body.encode() + b"\n"


def _attacks() -> list[Attack]:
    lines = Path(__file__).with_suffix(".txt").read_text().splitlines()
    parts = (line.partition(": ") for line in lines if line and not line.startswith("# "))
    return [Attack(number, part, _text(text, number)) for number, (part, _, text) in enumerate(parts, 1)]


def _text(line: str, number: int) -> str:
    text = _ESCAPE.sub(lambda found: codecs.decode(found[0], "unicode_escape"), line)
    return text.replace("EVIL2", EVIL2).replace("EVIL", EVIL).replace("SENDER", f"ann{number}@customer{number}.example")


ATTACKS = _attacks()
