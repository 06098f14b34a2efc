"""Makes one letter the bytes of a mail, as its directions ask."""

import html
from email.utils import format_datetime

from email_automation.sample.files import noise
from email_automation.sample.headers import header_line
from email_automation.sample.letters import Letter, Section
from email_automation.sample.parts import Part, attachment, multipart, text_part
from email_automation.sample.threads import Letters, ancestry, full_text, message_id, sender, thread_number

_FIELDS = {
    "status": "message/delivery-status",
    "notice": "message/disposition-notification",
    "returned": "text/rfc822-headers",
}


def compose(letter: Letter, letters: Letters) -> bytes:
    """The message without an mbox From_ line. Ends in one line end at least."""
    if letter.direction("form") == "bytes":
        return bytes.fromhex(letter.text) + noise(letter.token, 900) + b"\n"
    content = _content(letter, letters)
    message = _headers(letter, letters) + content.render()
    if cut := letter.direction("cut"):
        message = message[: -int(cut)].rstrip(b"\n") + b"\n"
    return message.replace(b"\n", b"\r\n") if letter.direction("newline") == "crlf" else message


def _headers(letter: Letter, letters: Letters) -> bytes:
    charset = letter.direction("header-charset") or letter.direction("charset", "utf-8")
    raw = letter.direction("raw-headers")
    fields = [*_takeout(letter, letters), *_trace(letter), *letter.headers, *_made(letter, letters)]
    return b"".join(header_line(name, value, charset, raw) for name, value in fields if value != "-")


def _takeout(letter: Letter, letters: Letters) -> list[tuple[str, str]]:
    if not (labels := letter.direction("labels")):
        return []
    return [("X-GM-THRID", str(thread_number(letter, letters))), ("X-Gmail-Labels", labels)]


def _trace(letter: Letter) -> list[tuple[str, str]]:
    """What a receiving server adds; not on what the owner sent."""
    if letter.says("own") or letter.says("untraced"):
        return []
    bounce = letter.says("null-sender")
    address = sender(letter)[1]
    host = address.rpartition("@")[2]
    number = int(letter.token, 16) % 254 + 1
    return [
        ("Return-Path", "<>" if bounce else f"<{address}>"),
        (
            "Received",
            f"from mx.{host} (mx.{host} [192.0.2.{number}])\n"
            f"\tby in.fikiri.example with ESMTPS id {letter.token}; {format_datetime(letter.at)}",
        ),
    ]


def _made(letter: Letter, letters: Letters) -> list[tuple[str, str]]:
    """Headers that every program writes, where the letter does not give its own."""
    given = {name for name, _ in letter.headers}
    made = [("Date", format_datetime(letter.at)), ("Message-ID", message_id(letter))]
    if before := [known for known in map(message_id, ancestry(letter, letters)) if known]:
        made += [("In-Reply-To", before[-1]), ("References", " ".join(before))]
    made.append(("MIME-Version", "1.0"))
    return [(name, value) for name, value in made if name not in given]


def _content(letter: Letter, letters: Letters) -> Part:
    body = _body(letter, letters)
    boundary = f"=_{letter.token}"
    if depth := int(letter.direction("depth", "0")):
        for level in range(depth):
            body = multipart("mixed", [body], f"{boundary}_{level}")
    if letter.direction("form") == "report":
        return _report(letter, body, boundary)
    inline = [attachment(section) for section in letter.attachments() if section.kind == "inline"]
    if inline:
        body = multipart("related", [body, *inline], f"{boundary}_related")
    others = [_attached(section, letters) for section in letter.attachments() if section.kind != "inline"]
    return multipart("mixed", [body, *others], f"{boundary}_mixed") if others else body


def _body(letter: Letter, letters: Letters) -> Part:
    form = letter.direction("form", "plain")
    text = full_text(letter, letters)
    if form == "html":
        return _text(letter, text, "html")
    if form == "alternative":
        parts = [_text(letter, text, "plain"), _text(letter, letter.html() or _as_html(text), "html")]
        return multipart("alternative", parts, f"=_{letter.token}_alt")
    return _text(letter, text, "plain", "; format=flowed" if form == "flowed" else "")


def _text(letter: Letter, text: str, subtype: str, params: str = "") -> Part:
    charset = letter.direction("charset", "us-ascii" if text.isascii() else "utf-8")
    return text_part(text, subtype, charset, letter.direction("encoding"), letter.direction("declared"), params)


def _report(letter: Letter, body: Part, boundary: str) -> Part:
    """RFC 3464: words for people, fields for programs, and the head of what came back."""
    fields = [Part(f"Content-Type: {_FIELDS[part.kind]}\n", part.text.encode("ascii")) for part in letter.sections]
    report = "disposition-notification" if letter.sections[0].kind == "notice" else "delivery-status"
    return multipart(f"report; report-type={report}", [body, *fields], boundary)


def _attached(section: Section, letters: Letters) -> Part:
    if section.kind == "forward":
        return Part("Content-Type: message/rfc822\n", compose(letters[section.name], letters))
    return attachment(section)


def _as_html(text: str) -> str:
    paragraphs = html.escape(text, quote=False).strip().split("\n\n")
    inner = "".join(f"<p>{paragraph}</p>\n".replace("\n", "<br>\n", paragraph.count("\n")) for paragraph in paragraphs)
    return f'<html><body><div dir="ltr">\n{inner}</div></body></html>\n'
