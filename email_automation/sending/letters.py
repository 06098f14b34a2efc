"""What somebody wants to write, checked before it becomes a row."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from email_automation.models import AIAnswer, Author, MailKind, Message, OutgoingMail
from email_automation.parsing.charsets import one_line
from email_automation.parsing.message import MAX_SUBJECT
from email_automation.sending.recipients import BadMailError

MAX_ATTACHMENTS = 10
MAX_ATTACHED = 15_000_000  # bytes of all of them; in base64 that is 20 MB, below what most servers take
UNSUBSCRIBABLE = (MailKind.NOTIFICATION, MailKind.FOLLOW_UP)


@dataclass(frozen=True)
class File:
    """Something to attach."""

    name: str
    content: bytes
    content_type: str = "application/octet-stream"

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail to be. Whom it comes from is not said here: that is fixed by its user."""

    to: str | Sequence[str]
    subject: str
    body: str = ""
    html: str = ""
    files: Sequence[File] = field(default=())
    kind: MailKind = MailKind.TRANSACTIONAL
    author: Author = Author.PRODUCT
    user_id: int | None = None
    answers: Message | None = None
    forwards: Message | None = None
    follows: OutgoingMail | None = None
    written_by: AIAnswer | None = None
    template: str = ""
    template_version: str = ""
    sealed: str = ""  # see `sealing`


def check_files(files: Sequence[File]) -> None:
    """Raises BadMailError where there are too many, or too much of them, or one has a name or type that none may."""
    if len(files) > MAX_ATTACHMENTS:
        raise BadMailError("attachments", f"has to be at most {MAX_ATTACHMENTS} files.")
    if sum(len(file.content) for file in files) > MAX_ATTACHED:
        raise BadMailError("attachments", f"has to be at most {MAX_ATTACHED // 1_000_000} MB together. Send a link.")
    for file in files:
        if not 0 < len(file.name) <= 200 or not file.name.isprintable() or "/" in file.name or "\\" in file.name:
            raise BadMailError("attachments", "need names of 1 to 200 printable characters, without a path.")
        if not _is_type(file.content_type):
            raise BadMailError("attachments", "need a content type each, such as application/pdf.")


def check_kind(letter: Letter, recipients: Sequence[str]) -> None:
    """Raises BadMailError where a mail that can be unsubscribed from has more recipients than one."""
    if letter.kind in UNSUBSCRIBABLE and len(recipients) > 1:
        raise BadMailError("to", f"has to be one address for a {letter.kind.label.lower()}: write one mail to each.")


def reply_subject(subject: str) -> str:
    """The subject that keeps a thread together."""
    text = one_line(subject)
    return (text if text.lower().startswith("re:") else f"Re: {text}".strip())[:MAX_SUBJECT]


def _is_type(text: str) -> bool:
    main, slash, sub = text.partition("/")
    return bool(slash) and len(text) <= 127 and all(part and _is_token(part) for part in (main, sub))


def _is_token(text: str) -> bool:
    return text.isascii() and all(letter.isalnum() or letter in "!#$&-^_.+" for letter in text)
