"""Address headers, in one pass and without recursion: nested comments and open quotes are somebody's attack."""

import re
from collections.abc import Iterator

from email_automation.parsing.charsets import clean, one_line
from email_automation.parsing.encodedwords import decode_words
from email_automation.parsing.message import MAX_ADDRESS, MAX_NAME, MAX_RECIPIENTS, Address

MAX_HEADER = 65_536  # characters read of one address header

_SPECIAL = re.compile(r'\\.|["<>(),;]')
_ANGLE = re.compile(r"<([^<>]*)>")
_COMMENT = re.compile(r"\(([^()]*)\)")
_QUOTED_PAIR = re.compile(r"\\(.)")
_ENCODED_LOCAL = re.compile(r"\?=@")  # forbidden, and done
_MAILTO = re.compile(r"^(?:mailto:|smtp:)", re.IGNORECASE)
_ADDRESS = re.compile(r'(?:"[^"\s]{1,64}"|[^\s<>"(),;:@\\\[\]]{1,64})@[^\s<>"(),;:@\\]{1,255}')


def parse_addresses(value: str) -> tuple[Address, ...]:
    """The addresses of a header as it was written; groups are flattened, what is no address is left out."""
    found = (parse_address(item) for item in _items(value[:MAX_HEADER]) if item.strip())
    return tuple(one for one, _ in zip((a for a in found if a.address), range(MAX_RECIPIENTS), strict=False))


def parse_address(item: str) -> Address:
    """One address; without an address in it only the name is kept."""
    if _ENCODED_LOCAL.search(item):
        item = clean(decode_words(item))
    angles = _ANGLE.findall(item)
    written = next((found for angle in reversed(angles) if (found := _find_address(angle))), "")
    if written:
        name = item[: item.rfind("<")] or " ".join(_COMMENT.findall(item))
    else:
        written = _find_address(_COMMENT.sub(" ", item))
        name = " ".join(_COMMENT.findall(item)) if written else item
    name = _name(name)
    if not written and (inside := _find_address(name)):
        written, name = inside, ""  # some programs encode the whole header as one word
    return Address(name[:MAX_NAME], written.lower()[:MAX_ADDRESS])


def _items(value: str) -> Iterator[str]:
    start, quoted, angle, depth = 0, False, False, 0
    for special in _SPECIAL.finditer(value):
        sign = special[0]
        if sign == '"':
            quoted = not quoted
        elif quoted or len(sign) > 1:
            continue
        elif sign in "()":
            depth = max(0, depth + (1 if sign == "(" else -1))
        elif depth:
            continue
        elif sign in "<>":
            angle = sign == "<"
        elif not angle:
            yield value[start : special.start()]
            start = special.end()
    rest = value[start:]
    yield from re.split("[,;]", rest) if quoted or angle or depth else [rest]


def _find_address(text: str) -> str:
    found = _ADDRESS.search(_MAILTO.sub("", text.strip()).rsplit(":", 1)[-1])
    return found[0].rstrip(".") if found else ""


def _name(text: str) -> str:
    text = one_line(decode_words(text))
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        text = text[1:-1]
    return _QUOTED_PAIR.sub(r"\1", text).strip(" '\"<>")
