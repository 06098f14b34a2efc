"""Our parser beside two that others wrote: the standard library's and mail-parser.

    python -m tests.email_automation.parsing.judge FOLDER|MBOX ...

prints how often each field agrees, and every message where ours stands alone.
"""

import re
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import mailparser

from email_automation.mailboxes import open_mailbox
from email_automation.parsing import Unreadable, parse
from email_automation.parsing.dates import AHEAD, EARLIEST
from email_automation.parsing.message import MAX_RECIPIENTS, MAX_SUBJECT, MAX_TEXT

FIELDS = ("subject", "sender", "recipients", "date", "text")
ENOUGH = 0.95  # of the words, where HTML was made text: parsers lay it out in different ways


@dataclass(frozen=True)
class Reading:
    """What a parser says of a message. None: it gave up on this."""

    subject: str | None = None
    sender: str | None = None
    recipients: frozenset[str] | None = None
    date: datetime | None = None
    text: Counter[str] | None = None
    lost: bool = False
    """Some letters of the text could not be read."""


@dataclass
class Verdict:
    messages: int = 0
    agreed: Counter[str] = field(default_factory=Counter)
    unjudged: Counter[str] = field(default_factory=Counter)
    """In letters that their mail does not declare: no parser can know them, ours guesses."""
    beside: dict[str, Counter[str]] = field(default_factory=lambda: {"stdlib": Counter(), "mail-parser": Counter()})
    alone: list[tuple[str, str, object, object, object]] = field(default_factory=list)

    def share(self, name: str) -> float:
        return self.agreed[name] / (self.messages - self.unjudged[name])

    @property
    def worst(self) -> float:
        return min(self.share(name) for name in FIELDS)


def judge(messages: Iterator[tuple[str, bytes]]) -> Verdict:
    """All of them, each field of each message. Ours agrees where one of the others says the same."""
    verdict = Verdict()
    for name, raw in messages:
        ours = read_ours(raw)
        if ours is None:
            continue  # no mail at all, which the others read as one without headers
        verdict.messages += 1
        theirs = {"stdlib": read_stdlib(raw), "mail-parser": read_mail_parser(raw)}
        for what in FIELDS:
            same = [who for who, other in theirs.items() if _same(what, ours, other)]
            for who in same:
                verdict.beside[who][what] += 1
            verdict.agreed[what] += bool(same)
            if not same and _is_undeclared(what, raw, theirs["stdlib"]):
                verdict.unjudged[what] += 1
            elif not same:
                said = (getattr(one, what) for one in (ours, *theirs.values()))
                verdict.alone.append((name, what, *said))
    return verdict


def read_ours(raw: bytes) -> Reading | None:
    message = parse(raw)
    if isinstance(message, Unreadable):
        return None
    recipients = frozenset(one.address for one in (*message.to, *message.cc))
    return Reading(_line(message.subject), message.from_address, recipients, message.date, _words(message.text))


def read_stdlib(raw: bytes) -> Reading:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        message = message_from_bytes(raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        body = _attempt(lambda: _body(message))
        return Reading(
            _attempt(lambda: _line(str(message["subject"] or ""))[:MAX_SUBJECT]),
            _attempt(lambda: _first(message["from"].addresses) if message["from"] else ""),
            _attempt(lambda: frozenset(_addresses(message, "to") + _addresses(message, "cc"))),
            _attempt(lambda: _moment(parsedate_to_datetime(str(message["date"])))),
            _attempt(lambda: _words(body)),
            lost=body is None or "\ufffd" in body,
        )


def read_mail_parser(raw: bytes) -> Reading:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        message = _attempt(lambda: mailparser.parse_from_bytes(raw))
        if message is None:
            return Reading()
        return Reading(
            _attempt(lambda: _line(message.subject or "")[:MAX_SUBJECT]),
            _attempt(lambda: message.from_[0][1].lower() if message.from_ else ""),
            _attempt(lambda: frozenset(one[1].lower() for one in [*message.to, *message.cc] if "@" in one[1])),
            _attempt(lambda: _moment(message.date)),
            _attempt(lambda: _words("\n".join(message.text_plain) or _bare(" ".join(message.text_html)))),
        )


def messages_of(path: Path) -> Iterator[tuple[str, bytes]]:
    for number, message in enumerate(open_mailbox(path).messages(), 1):
        yield f"{path.name} {message.position.get('after', number)}", message.raw


def _same(what: str, ours: Reading, theirs: Reading) -> bool:
    mine, other = getattr(ours, what), getattr(theirs, what)
    if what == "date":
        return bool(mine == other) or other is None  # ours looks on where there is no date in the header
    if other is None:
        return False
    if what == "recipients":
        return bool(mine == other) or (len(mine) >= MAX_RECIPIENTS and mine <= other)
    if what == "text":
        total = max(sum(mine.values()), sum(other.values()))
        return bool(mine == other) or (total > 0 and sum((mine & other).values()) / total >= ENOUGH)
    return bool(mine == other)


def _is_undeclared(what: str, raw: bytes, theirs: Reading) -> bool:
    if what == "text":
        return theirs.lost
    names = {"subject": rb"subject", "sender": rb"from", "recipients": rb"to|cc"}.get(what, rb"date")
    head = raw.partition(b"\n\n")[0]
    return bool(
        re.search(rb"^(?:" + names + rb")[ \t]*:(?:[^\n]|\n[ \t])*[\x80-\xff]", head, re.IGNORECASE | re.MULTILINE)
    )


def _attempt(read: Callable[[], Any]) -> Any:
    """What others' code says, or None where it breaks: on this mail it breaks in many ways."""
    try:
        return read()
    except Exception:  # noqa: BLE001
        return None


def _line(text: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", " ", text).split())


def _first(addresses: Any) -> str:
    return str(addresses[0].addr_spec).lower() if addresses else ""


def _addresses(message: EmailMessage, name: str) -> list[str]:
    return [one.addr_spec.lower() for header in message.get_all(name, []) for one in header.addresses if one.domain]


def _moment(date: datetime | None) -> datetime | None:
    if date is None:
        return None
    date = date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    return date.replace(microsecond=0) if EARLIEST <= date <= datetime.now(UTC) + AHEAD else None


def _body(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    if part is None:
        return ""
    text = part.get_content()
    return _bare(text) if part.get_content_subtype() == "html" else text


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text[:MAX_TEXT].lower()))


INLINE = ("a", "b", "big", "em", "font", "i", "s", "small", "span", "strong", "sub", "sup", "u")  # words go on in them
SILENT = ("script", "style", "title", "select")


class _Bare(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._silent += tag in SILENT
        self.text.append("" if tag in INLINE else " ")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in SILENT and self._silent > 0
        self.text.append("" if tag in INLINE else " ")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text.append(data)


def _bare(source: str) -> str:
    reader = _Bare()
    reader.feed(source)
    return "".join(reader.text)


def main() -> None:
    verdict = judge(one for path in sys.argv[1:] for one in messages_of(Path(path)))
    for name, what, *said in verdict.alone:
        print(name, what, *(f"\n    {str(one)[:300]!r}" for one in said))
    print(f"\n{verdict.messages} messages")
    for what in FIELDS:
        beside = ", ".join(
            f"{who} {100 * found[what] / verdict.messages:.2f} %" for who, found in verdict.beside.items()
        )
        undeclared = f"; {verdict.unjudged[what]} undeclared" if verdict.unjudged[what] else ""
        print(f"{what:12} {100 * verdict.share(what):6.2f} %   ({beside}{undeclared})")


if __name__ == "__main__":
    main()
