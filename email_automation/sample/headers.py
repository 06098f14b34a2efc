"""Header lines as bytes: folded, encoded as RFC 2047 asks, or left raw where a letter wants them broken."""

import re
from email.header import Header as EncodedWords

_WIDTH = 76
_ADDRESSES = {"From", "To", "Cc", "Reply-To", "Sender"}
_MAILBOX = re.compile(r"^(?P<name>.*?)\s*<(?P<address>[^<>]*)>$")


def header_line(name: str, value: str, charset: str, raw: str = "") -> bytes:
    """One header. A value of several lines stands as written; with `raw` its bytes are that charset's, not encoded."""
    if raw or "\n" in value:
        return f"{name}: {value}\n".encode(raw or "ascii")
    if name in _ADDRESSES:
        value = ", ".join(_mailbox(mailbox, charset) for mailbox in value.split(", "))
    elif not value.isascii():
        value = _encoded_words(value, charset, name)
    return _folded(f"{name}: {value}\n").encode("ascii")


def _mailbox(text: str, charset: str) -> str:
    found = _MAILBOX.match(text)
    if text.isascii() or not found:
        return text
    return f"{_encoded_words(found['name'], charset, 'Reply-To')} <{found['address']}>"


def _encoded_words(text: str, charset: str, name: str) -> str:
    return EncodedWords(text, charset, maxlinelen=_WIDTH, header_name=name).encode()


def _folded(line: str) -> str:
    """Broken at spaces only, so that unfolding gives the same text; a long word is left long."""
    folded: list[str] = []
    for word in line.rstrip("\n").split(" "):
        if folded and len(folded[-1].rpartition("\n")[2]) + 1 + len(word) <= _WIDTH:
            folded[-1] += " " + word
        else:
            folded.append(word)
    return "\n ".join(folded) + "\n"
