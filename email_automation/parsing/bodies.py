"""The text of a message that a person would read, and its attachments."""

import binascii
import re
from dataclasses import dataclass, field

from email_automation.parsing.charsets import clean, decode
from email_automation.parsing.headers import split_headers
from email_automation.parsing.html import MAX_HTML, html_to_text
from email_automation.parsing.message import MAX_ATTACHMENTS, MAX_ID, MAX_TEXT, Attachment, Problem
from email_automation.parsing.mime import Parser, Part

MAX_DECODED = 4 * MAX_TEXT  # bytes decoded of one text part
MAX_DOCUMENT = 4 * MAX_HTML

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_HTML = {"text/html", "application/xhtml+xml"}
_NOT_READ = {"text/calendar", "text/rfc822-headers"}
_ENCRYPTED = {"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}


@dataclass(slots=True)
class Body:
    text: str = ""
    has_html: bool = False
    html: str = ""
    """What there is of it, as it came."""
    attachments: list[Attachment] = field(default_factory=list)
    problems: set[Problem] = field(default_factory=set)


def read_body(root: Part) -> Body:
    """Text parts in order, of alternatives the plain one, attachments as what is known of them."""
    body = Body()
    if not root.children and root.disposition != "attachment":
        root.filename = ""  # a message that is one text is no attachment, whatever its sender's program calls it
    text = _text_of(root, body)
    if not text.strip():
        text = _text_of_enclosed(root, body)
    if len(text) > MAX_TEXT:
        body.problems.add(Problem.LONG_TEXT)
    body.text = text[:MAX_TEXT].strip()
    body.html = _html_of(root)
    if any(part.content_type in _ENCRYPTED for part in [root, *root.walk()]):
        body.problems.add(Problem.ENCRYPTED)
    body.attachments = [_attachment(part) for part in root.walk() if not _is_text(part)][:MAX_ATTACHMENTS]
    return body


def _text_of(part: Part, body: Body) -> str:
    if not part.children:
        return _leaf_text(part, body) if _is_text(part) else ""
    if part.content_type == "multipart/alternative":
        return _best_alternative(part, body)
    texts = (_text_of(child, body) for child in part.children)
    return "\n\n".join(text for text in texts if text)[: MAX_TEXT + 1]


def _best_alternative(part: Part, body: Body) -> str:
    """The plain one if it says anything. HTML is laid out only where it is needed: that is most of the work."""
    plain = [child for child in part.children if child.content_type == "text/plain"]
    other = [child for child in part.children if child.content_type != "text/plain"]
    body.has_html |= any(leaf.content_type == "text/html" for child in other for leaf in child.walk())
    for child in plain + other:
        if (text := _text_of(child, body)).strip():
            return text
    return ""


def _leaf_text(part: Part, body: Body) -> str:
    is_html = part.content_type in _HTML
    data = _decoded(part, MAX_DOCUMENT if is_html else MAX_DECODED, body)
    text, honest = decode(data, part.parameters.get("charset", ""))
    if not honest:
        body.problems.add(Problem.BAD_CHARSET)
    text = clean(text)
    if not is_html:
        return text
    body.has_html = True
    text, laid_out = html_to_text(text)
    if not laid_out:
        body.problems.add(Problem.BAD_HTML)
    return text


def _html_of(root: Part) -> str:
    """The HTML parts one after the other, not laid out."""
    found = ""
    for part in root.walk():
        if len(found) < MAX_HTML and part.content_type in _HTML and _is_text(part):
            data = _decoded(part, MAX_DOCUMENT, Body())
            found += clean(decode(data, part.parameters.get("charset", ""))[0])
    return found[:MAX_HTML].strip()


def _text_of_enclosed(root: Part, body: Body) -> str:
    """A message without a text of its own may be all about one that it encloses: a forward, a bounce, a digest."""
    for part in root.walk():
        if part.content_type in ("message/rfc822", "message/global"):
            headers, start = split_headers(part.body)
            parser = Parser()
            text = _text_of(parser.part(headers, part.body[start:], depth=1), body)
            body.problems |= parser.problems
            if text.strip():
                return text
    return ""


def _is_text(part: Part) -> bool:
    if part.disposition == "attachment" or part.children:
        return False
    if part.content_type in _HTML:
        return not part.filename
    return part.content_type.startswith("text/") and part.content_type not in _NOT_READ and not part.filename


def _decoded(part: Part, limit: int, body: Body) -> bytes:
    encoding = _encoding(part)
    if encoding == "base64":
        letters = _NOT_BASE64.sub(b"", part.body[: limit * 2])[: limit // 3 * 4]
        if len(letters) % 4 == 1:
            letters = letters[:-1]
            body.problems.add(Problem.BAD_ENCODING)
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
    if encoding == "quoted-printable":
        return binascii.a2b_qp(part.body[: limit * 3])[:limit]
    return part.body[:limit]


def _encoding(part: Part) -> str:
    return part.headers.text("content-transfer-encoding").lower().split(" ")[0].strip("\"';")


def _attachment(part: Part) -> Attachment:
    content_id = part.headers.text("content-id").strip("<> ")[:MAX_ID]
    name = part.filename
    if not name and part.content_type == "message/rfc822":
        name = split_headers(part.body)[0].text("subject").replace("/", "-")[:196] + ".eml"
    return Attachment(name, part.content_type, _size(part), content_id, part.disposition == "inline")


def _size(part: Part) -> int:
    if _encoding(part) != "base64":
        return len(part.body)
    tail = part.body[-100:].rstrip()
    letters = len(part.body) - part.body.count(b"\n") - part.body.count(b"\r")
    return max(0, letters * 3 // 4 - (len(tail) - len(tail.rstrip(b"="))))
