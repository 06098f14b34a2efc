"""Which kind of mailbox lies at a path, if any."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from email_automation.mailboxes.base import LocalSource, MailboxError
from email_automation.mailboxes.folder import Folder
from email_automation.mailboxes.headerlines import has_mail_header
from email_automation.mailboxes.maildir import Maildir, is_maildir
from email_automation.mailboxes.mbox import MboxFile, reading
from email_automation.mailboxes.separators import FROM, separators
from email_automation.mailboxes.singlefile import SingleFile

HEAD = 65_536  # bytes of a file that tell what it is
REMEDY = "Give an mbox file, a Maildir, a folder of messages or a single .eml file."
PACKED = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"7z\xbc\xaf": "7z"}
_BOM = b"\xef\xbb\xbf"


def open_mailbox(path: Path | str) -> LocalSource:
    """The mailbox at a path. Raises MailboxError where there is none that can be read."""
    path = Path(path)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return _folder(path)
        if stat.S_ISREG(mode):
            return _file(path)
    except FileNotFoundError:
        raise MailboxError(f"{path} does not exist. {REMEDY}") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        reason = getattr(error, "strerror", None) or error
        raise MailboxError(f"{path} cannot be read: {reason}.") from None
    raise MailboxError(f"{path} is neither a file nor a folder. {REMEDY}")


def _folder(path: Path) -> LocalSource:
    mailbox = Maildir(path) if is_maildir(path) else Folder(path)
    heads = _heads(mailbox)
    if any(_holds_mail(head) for head in heads):
        return mailbox
    if next(_heads(mailbox), None) is None:
        raise MailboxError(f"{path} holds no files. {REMEDY}")
    raise MailboxError(f"{path} holds no mail: none of its files begins like a message. {REMEDY}")


def _heads(mailbox: Maildir | Folder) -> Iterator[bytes]:
    for path in mailbox.paths():
        try:
            yield _head(path)
        except OSError:
            continue  # it will be kept as unreadable; another file tells whether there is mail


def _file(path: Path) -> LocalSource:
    head = _head(path)
    if not head.strip():
        raise MailboxError(f"{path} is empty. {REMEDY}")
    if head.lstrip().startswith(FROM) and _has_separator(path):
        return MboxFile(path)
    if _holds_mail(head):
        return MboxFile(path) if path.suffix.lower() in (".mbox", ".mbx") else SingleFile(path)
    if packed := next((name for magic, name in PACKED.items() if head.startswith(magic)), None):
        raise MailboxError(f"{path} is a {packed} archive: unpack it first. {REMEDY}")
    if b"\0" in head:
        raise MailboxError(f"{path} is binary, not mail. {REMEDY}")
    if _has_separator(path):
        return MboxFile(path)
    raise MailboxError(f"{path} holds no mail: it does not begin like a message. {REMEDY}")


def _holds_mail(head: bytes) -> bool:
    text = head.removeprefix(_BOM).lstrip()
    if text.startswith(FROM):
        text = text.partition(b"\n")[2]
    return has_mail_header(text)


def _has_separator(path: Path) -> bool:
    with reading(path) as file:
        return next(separators(file, 0, min(os.fstat(file).st_size, HEAD)), None) is not None


def _head(path: Path) -> bytes:
    with reading(path) as file:
        return os.pread(file, HEAD, 0)
