"""MIME parts, rendered by hand so that no release of a library changes a byte of them."""

import base64
import quopri
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from email_automation.sample import files
from email_automation.sample.letters import Section

NUL_SIGN = "␀"  # stands for a NUL byte in the letters

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "ics": "text/calendar; charset=utf-8",
    "pdf": "application/pdf",
    "png": "image/png",
    "inline": "image/png",
    "zip": "application/zip",
    "txt": "text/plain; charset=utf-8",
    "htm": "text/html; charset=utf-8",
    "vcf": "text/vcard; charset=utf-8",
}


@dataclass(frozen=True)
class Part:
    """`headers` are whole lines, `body` is encoded for transport."""

    headers: str
    body: bytes

    def render(self) -> bytes:
        return self.headers.encode("ascii") + b"\n" + self.body


def text_part(text: str, subtype: str, charset: str, encoding: str = "", declared: str = "", params: str = "") -> Part:
    """Text in a charset; `declared` is what the header claims when that is not the truth, `-` for no claim at all."""
    data = text.replace(NUL_SIGN, "\0").encode(charset)
    encoding = encoding or ("7bit" if text.isascii() else "quoted-printable")
    claim = "" if declared == "-" else f"; charset={_quoted(declared or charset)}"
    return Part(_head(f"text/{subtype}{claim}{params}", encoding), encoded(data, encoding))


def attachment(section: Section) -> Part:
    """The bytes of a section by its kind; an `inline` picture is shown in the HTML under its name as Content-ID."""
    kind, _, method = section.kind.partition("-")
    content_type = _TYPES[kind] + (f"; method={method.upper()}" if method else "")
    headers = _head(content_type, "base64")
    if kind == "inline":
        headers += f"Content-ID: <{section.name}@cid.example>\nContent-Disposition: inline\n"
    elif not method:
        headers += f"Content-Disposition: attachment; {_file_name(section.name)}\n"
    return Part(headers, encoded(files.content(kind, section.text), "base64"))


def multipart(subtype: str, parts: Sequence[Part], boundary: str) -> Part:
    line = b"--" + boundary.encode("ascii")
    inner = b"".join(line + b"\n" + _ending(part.render()) for part in parts)
    return Part(f'Content-Type: multipart/{subtype}; boundary="{boundary}"\n', inner + line + b"--\n")


def encoded(data: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return base64.encodebytes(data)
    if encoding == "quoted-printable":
        return quopri.encodestring(data)
    return data


def _head(content_type: str, encoding: str) -> str:
    return f"Content-Type: {content_type}\nContent-Transfer-Encoding: {encoding}\n"


def _quoted(charset: str) -> str:
    return charset if charset.replace("-", "").isalnum() else f'"{charset}"'


def _file_name(name: str) -> str:
    return f'filename="{name}"' if name.isascii() else f"filename*=utf-8''{quote(name)}"


def _ending(data: bytes) -> bytes:
    return data if data.endswith(b"\n") else data + b"\n"
