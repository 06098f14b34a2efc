"""Bytes to text, whatever charset they claim to be in; and text without what databases refuse."""

import codecs
import re
from functools import lru_cache

_UNTRUSTED = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
# What mail calls them, and what their writers meant.
_MEANT = {
    "iso8859-1": "cp1252",
    "ascii": "utf-8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "iso2022_jp": "iso2022_jp_ext",
}
_ALIASES = {
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "x-sjis": "shift_jis",
    "x-euc-jp": "euc_jp",
    "x-gbk": "gbk",
    "windows-874": "cp874",
    "unicode": "utf-8",
    "utf8mb4": "utf-8",
    "ansi": "cp1252",
    "iso-8859-1-windows-3.1-latin-1": "cp1252",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
}
_REFUSED = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_SPACE = re.compile(r"\s+")


def decode(data: bytes, charset: str = "") -> tuple[str, bool]:
    """The text, and whether it really was in that charset (no charset at all is honest if the bytes are UTF-8)."""
    codec = _codec(charset.strip().strip("\"'").lower()[:64]) if charset else "utf-8"
    known = codec is not None and not _lies(data, codec)
    if codec and known:
        try:
            return data.decode(codec), True
        except (UnicodeError, ValueError):  # ValueError: some codecs raise it bare
            pass
    try:
        return data.decode("utf-8"), False
    except UnicodeDecodeError:
        # A few broken bytes in otherwise good multi-byte text should not turn all of it into Latin letters.
        multibyte = codec if codec and known and codec not in ("utf-8", "cp1252") else None
        return data.decode(multibyte or _guess(data), "replace"), False


def clean(text: str) -> str:
    """Without NUL, other control characters and lone surrogates; lines end in a newline."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _REFUSED.sub("", text.replace("\f", "\n"))


def one_line(text: str) -> str:
    """Clean, with single spaces for all white space."""
    return _SPACE.sub(" ", clean(text)).strip()


@lru_cache(maxsize=256)
def _codec(name: str) -> str | None:
    try:
        found = codecs.lookup(_ALIASES.get(name, name)).name
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        return None
    if found.replace("-", "_") in _UNTRUSTED or not _is_text_codec(found):
        return None
    return _MEANT.get(found, found)


def _is_text_codec(name: str) -> bool:
    try:
        b"a".decode(name)
    except LookupError:  # zlib, hex and the like
        return False
    except UnicodeError:
        return True  # one byte is no UTF-16
    return True


def _lies(data: bytes, codec: str) -> bool:
    """UTF-16 and UTF-32 turn any text into some letters: without a zero byte it was neither."""
    return (
        codec.startswith(("utf-16", "utf-32"))
        and b"\0" not in data[:2000]
        and data[:2] not in (b"\xff\xfe", b"\xfe\xff")
    )


def _guess(data: bytes) -> str:
    """UTF-8 where most of what is not ASCII decodes, else what Windows wrote."""
    sample = data[:20_000]
    broken = sample.decode("utf-8", "replace").count("\ufffd")
    high = len(sample) - len(sample.decode("ascii", "ignore"))
    return "utf-8" if broken * 4 < high else "cp1252"
