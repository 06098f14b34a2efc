"""File names as ASCII text and back: names need not be Unicode, and databases refuse what is not."""

from urllib.parse import quote_from_bytes, unquote_to_bytes

Parts = tuple[bytes, ...]


def to_text(parts: Parts) -> str:
    return "/".join(quote_from_bytes(part, safe=" ") for part in parts)


def to_parts(text: object) -> Parts:
    return tuple(unquote_to_bytes(part) for part in str(text).split("/")) if text else ()
