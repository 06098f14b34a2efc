"""The folders of an IMAP account: which are read, in which order, and what they are called."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from imapclient import imap_utf7

from email_automation.mailboxes.imap.connection import Client
from email_automation.mailboxes.imap.errors import ServerTroubleError, spoken_with
from email_automation.parsing.charsets import one_line

MAX_FOLDERS = 1000
MAX_NAME = 200  # characters of a folder's name

_CLOSED = {"\\noselect", "\\nonexistent"}
_VIEWS = {"\\flagged", "\\important"}  # what they show lies in another folder
_WORDS = {
    "\\sent": "sent",
    "\\drafts": "drafts",
    "\\junk": "junk",
    "\\trash": "trash",
    "\\archive": "archive",
    "\\all": "all",
}
_LAST = ("all", "junk", "trash")
_PLAIN = re.compile(rb"[ -~]{1,500}")


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder. `key` stands for its name in ids and cursors."""

    raw: bytes
    name: str
    """Readable, its levels divided by a slash."""
    use: str = ""
    """What it is for, as the server says (RFC 6154): sent, drafts, junk, trash, archive, all."""

    @property
    def key(self) -> str:
        return sha256(self.raw).hexdigest()[:16]

    @property
    def is_inbox(self) -> bool:
        return self.raw.upper() == b"INBOX"

    @property
    def labels(self) -> tuple[str, ...]:
        """What its messages are labelled with: the name, and the use where the name does not say it."""
        return (self.name, self.use) if self.use and self.use not in self.name.lower() else (self.name,)


def folders_of(client: Client) -> list[Folder]:
    """All that can be opened: the inbox first, what was sent, then by name, and last what nobody misses.

    Raises:
        ServerTroubleError: the list is not whole. Believed, it would say that what is missing in it is gone.
    """
    with spoken_with(client.host):
        listed = client.list_folders()[:MAX_FOLDERS]
    found = {folder.raw: folder for flags, delimiter, raw in listed if (folder := _folder(flags, delimiter, raw))}
    if not any(folder.is_inbox for folder in found.values()):
        raise ServerTroubleError(f"{client.host} lists no inbox, which every account has.")
    return sorted(found.values(), key=_rank)


def chosen(folders: Sequence[Folder], only: Sequence[str], without: Sequence[str]) -> list[Folder]:
    """Those that are wanted. A name also means the folders below it; letter case does not matter."""
    return [
        folder
        for folder in folders
        if (not only or any(_is_in(folder, name) for name in only))
        and not any(_is_in(folder, name) for name in without)
    ]


def _folder(flags: Iterable[object], delimiter: object, raw: object) -> Folder | None:
    written = str(raw).encode() if isinstance(raw, (int, str)) else raw
    if not isinstance(written, bytes) or not _PLAIN.fullmatch(written):
        return None  # no name that a command could say
    said = {flag.decode("ascii", "replace").lower() for flag in flags if isinstance(flag, bytes)}
    if said & (_CLOSED | _VIEWS):
        return None
    use = next((word for flag, word in _WORDS.items() if flag in said), "")
    return Folder(written, _name(written, delimiter), use)


def _name(raw: bytes, delimiter: object) -> str:
    try:
        name = str(imap_utf7.decode(raw))
    except UnicodeError:
        name = raw.decode("latin-1")
    level = delimiter.decode("latin-1") if isinstance(delimiter, bytes) else ""
    return one_line(name.replace(level, "/") if level else name)[:MAX_NAME]


def _rank(folder: Folder) -> tuple[int, str]:
    if folder.is_inbox:
        return 0, ""
    if folder.use == "sent":
        return 1, folder.name
    return (3 + _LAST.index(folder.use), folder.name) if folder.use in _LAST else (2, folder.name)


def _is_in(folder: Folder, name: str) -> bool:
    here, wanted = folder.name.lower(), name.strip().strip("/").lower()
    return bool(wanted) and (here == wanted or here.startswith(f"{wanted}/"))
