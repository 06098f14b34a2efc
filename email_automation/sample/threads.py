"""Who answers whom: Message-IDs, References and the history quoted below an answer."""

import textwrap
from collections.abc import Mapping
from email.utils import parseaddr

from email_automation.sample.letters import Letter

Letters = Mapping[str, Letter]

_ATTRIBUTION = {
    "gmail": "On {at:%a, %d %b %Y} at {at:%H:%M}, {name} <{address}> wrote:",
    "apple": "On {at:%d %b %Y}, at {at:%H:%M}, {name} <{address}> wrote:",
    "de": "Am {at:%d.%m.%Y} um {at:%H:%M} schrieb {name} <{address}>:",
    "fr": "Le {at:%d/%m/%Y} à {at:%H:%M}, {name} <{address}> a écrit :",
    "es": "El {at:%d/%m/%Y} a las {at:%H:%M}, {name} <{address}> escribió:",
    "pt": "Em {at:%d/%m/%Y} {at:%H:%M}, {name} <{address}> escreveu:",
    "sw": "Mnamo {at:%d/%m/%Y} {at:%H:%M}, {name} <{address}> aliandika:",
    "ja": "{at:%Y/%m/%d} {at:%H:%M} {name} <{address}>:",
    "ru": "{at:%d.%m.%Y} {at:%H:%M}, {name} <{address}> пишет:",
}
_OUTLOOK = (
    "-----Original Message-----\nFrom: {name} <{address}>\nSent: {at:%A, %B %d, %Y %H:%M}\nTo: {to}\nSubject: {subject}"
)


def message_id(letter: Letter) -> str:
    """The one the letter gives itself, else one made for it; empty when it has none."""
    if any(name == "Message-ID" for name, _ in letter.headers):
        return letter.header("Message-ID")
    return f"<{letter.token}.{letter.at:%Y%m%d%H%M}@{sender(letter)[1].rpartition('@')[2]}>"


def sender(letter: Letter) -> tuple[str, str]:
    """Name and address of the first From."""
    name, address = parseaddr(letter.header("From"))
    return name, address or "MAILER-DAEMON@fikiri.example"


def ancestry(letter: Letter, letters: Letters) -> list[Letter]:
    """The letters before it in its thread, first one first."""
    parent = letter.direction("re")
    return [*ancestry(letters[parent], letters), letters[parent]] if parent else []


def thread_number(letter: Letter, letters: Letters) -> int:
    """Nineteen digits shared by the letters of a thread, as in a Takeout export."""
    first = [*ancestry(letter, letters), letter][0]
    return 1_850_000_000_000_000_000 + int(first.token, 16) * 20


def full_text(letter: Letter, letters: Letters) -> str:
    """The letter's text in lines of a mail's width, with the history that it quotes."""
    text = _wrapped(letter)
    style = letter.direction("quote")
    if not style:
        return text
    parent = letters[letter.direction("re")]
    history = full_text(parent, letters)
    if style == "outlook":
        return f"{text}\n{_attribution(_OUTLOOK, parent)}\n\n{history}"
    return f"{text}\n{_attribution(_ATTRIBUTION[style], parent)}\n" + textwrap.indent(history, "> ", lambda _: True)


def _wrapped(letter: Letter) -> str:
    if letter.direction("wrap") == "none" or letter.direction("form") in {"html", "bytes"}:
        return letter.text
    # A flowed line goes on in the next one when it ends in a space; what begins like a quote gets a space before it.
    soft, stuffing = (" \n", (" ", ">", "From ")) if letter.direction("form") == "flowed" else ("\n", ())
    return "".join(_broken(line, soft, stuffing) for line in letter.text.splitlines())


def _broken(line: str, soft: str, stuffing: tuple[str, ...]) -> str:
    if line.startswith(">"):
        return line + "\n"
    lines = textwrap.wrap(line, 74, break_long_words=False, break_on_hyphens=False, drop_whitespace=True) or [""]
    if len(lines) == 1:
        lines = [line]
    return soft.join(" " + part if part.startswith(stuffing) else part for part in lines) + "\n"


def _attribution(pattern: str, parent: Letter) -> str:
    name, address = sender(parent)
    return pattern.format(
        at=parent.at, name=name, address=address, to=parent.header("To"), subject=parent.header("Subject")
    )
