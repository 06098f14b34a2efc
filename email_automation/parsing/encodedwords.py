"""Header text: raw bytes, and the encoded words of RFC 2047 in them."""

import binascii
import re

from email_automation.parsing.charsets import clean, decode, one_line

_WORD = re.compile(r"=\?([^?\s*]{1,64})(?:\*[^?\s]{0,32})?\?([bBqQ])\?([^?]*)\?=")


def header_text(value: bytes) -> str:
    """The readable text of a header, on one line."""
    return one_line(decode_words(raw_text(value)))


def raw_text(value: bytes) -> str:
    """A header as it stands, its encoded words untouched."""
    return clean(decode(value)[0])


def decode_words(text: str) -> str:
    """With every encoded word read. Neighbours in one charset are joined before they are decoded: a character of
    several bytes may be cut in two."""
    if "=?" not in text:
        return text
    out: list[str] = []
    pending, charset, end = b"", "", 0
    for word in _WORD.finditer(text):
        between = text[end : word.start()]
        if pending and (between.strip() or word[1].lower() != charset):
            out.append(decode(pending, charset)[0])
            pending = b""
        if between.strip() or not end:
            out.append(between)
        pending, charset, end = pending + _bytes(word[2], word[3]), word[1].lower(), word.end()
    if pending:
        out.append(decode(pending, charset)[0])
    return "".join(out) + text[end:]


def _bytes(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return binascii.a2b_qp(data, header=True)
    try:
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4))
    except binascii.Error:
        return data
