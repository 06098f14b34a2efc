"""Reads a folder of raw messages, `ham/` and `spam/`, for training; such mails are never shipped."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr
from hashlib import sha256
from pathlib import Path

from inscriptis import get_text

from email_automation.ai.schemas import Intent, MailText, Urgency
from email_automation.ai.training.corpus import Example

MAX_BYTES = 300_000
_HEADERS = ("list-id", "list-unsubscribe", "list-post", "precedence", "auto-submitted", "return-path", "content-type")
_RULER = re.compile(r"--|[_=-]{20,}")
_PREFIX = re.compile(r"(?:\s*(?:re|fwd?|aw)\s*:|\s*\[[^\]]{1,40}\])+", re.IGNORECASE)


def examples(folder: Path) -> list[Example]:
    """Every mail of `folder`, spam or not, and what a list or feed says about its intent."""
    return [
        _example(path, kind == "spam")
        for kind in ("ham", "spam")
        for path in sorted((folder / kind).iterdir())
        if path.is_file()
    ]


def read(path: Path) -> MailText:
    """One raw message as a model sees it."""
    message = message_from_bytes(path.read_bytes()[:MAX_BYTES])
    sender_name, sender_address = parseaddr(_header(message, "from"))
    parts = [part for part in message.walk() if not part.is_multipart()]
    texts = [part for part in parts if part.get_content_type() == "text/plain" and not part.get_filename()]
    pages = [part for part in parts if part.get_content_type() == "text/html"]
    text = "\n".join(map(_decoded, texts))
    if not text.strip():
        text = "\n".join(_readable(_decoded(page)) for page in pages)
    return MailText(
        subject=_header(message, "subject"),
        sender_name=sender_name,
        sender_address=sender_address,
        text=_without_list_footer(text[:20_000]),
        headers={name: value for name in _HEADERS if (value := _header(message, name))},
        has_html=bool(pages),
        attachments=sum(part.get_filename() is not None for part in parts),
    )


def mailing_list(example: Example) -> str:
    """A name for the list or sender domain that a mail came by, to keep one list on one side of a split."""
    post = example.mail.headers.get("list-post", "") or example.mail.headers.get("list-id", "")
    return (re.sub(r"[^a-z0-9@.-]", "", post.lower()) or example.mail.sender_address.rpartition("@")[2].lower())[:80]


def _example(path: Path, spam: bool) -> Example:
    mail = read(path)
    subject = re.sub(r"[^a-z]", "", _PREFIX.sub("", mail.subject).lower())
    beginning = re.sub(r"[^a-z]", "", mail.text.lower())[:120]
    alike = subject if len(subject) > 8 else beginning or path.name
    return Example(
        mail=mail,
        group=sha256(alike.encode()).hexdigest()[:16],
        spam=spam,
        intent=None if spam else _intent(mail),
        urgency=None if spam else Urgency.NORMAL,
        own=False,
    )


def _intent(mail: MailText) -> Intent | None:
    """Talk on a discussion list is about nobody's business: `other`. A feed is a newsletter. The rest is not known."""
    if mail.sender_address.lower().startswith("rssfeeds"):
        return Intent.NEWSLETTER
    if mail.headers.get("list-post") and _PREFIX.match(mail.subject) and "re:" in mail.subject.lower():
        return Intent.OTHER
    return None


def _without_list_footer(text: str) -> str:
    """What a mailing list adds below a ruler tells the list, not the meaning."""
    lines = text.splitlines()
    for index in range(len(lines) - 1, max(len(lines) - 13, 0), -1):
        if _RULER.fullmatch(lines[index].strip()):
            return "\n".join(lines[:index])
    return "\n".join(lines)


def _header(message: Message, name: str) -> str:
    value = str(message.get(name, ""))[:2000]
    try:
        return " ".join(str(make_header(decode_header(value))).split())
    except (LookupError, UnicodeError, ValueError):
        return " ".join(value.split())


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    try:
        return data.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return data.decode("latin-1")


def _readable(page: str) -> str:
    return get_text(page[:200_000]) if page.strip() else ""
