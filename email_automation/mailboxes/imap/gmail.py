"""Gmail's own words over IMAP (X-GM-EXT-1): each message once, in All Mail, with its labels and its thread.

Labels are called as they are over Gmail's API, and a thread too.
"""

from collections.abc import Mapping, Sequence

from imapclient import imap_utf7

from email_automation.mailboxes.imap.connection import Client
from email_automation.mailboxes.imap.folders import MAX_NAME, Folder, chosen
from email_automation.parsing.charsets import one_line

EXTENSION = "X-GM-EXT-1"
LABELS, THREAD = "X-GM-LABELS", "X-GM-THRID"
_MARKS = {"\\starred", "\\draft"}  # told by flags
_SYSTEM = {"INBOX": "\\Inbox", "SENT": "\\Sent", "IMPORTANT": "\\Important"}


def speaks_gmail(client: Client) -> bool:
    return bool(client.has_capability(EXTENSION))


def all_mail(folders: Sequence[Folder]) -> Folder | None:
    return next((folder for folder in folders if folder.use == "all"), None)


def wanted(client: Client, folders: Sequence[Folder], only: Sequence[str], without: Sequence[str]) -> list[Folder]:
    """The folders that are read. Gmail's All Mail holds every message once, but for spam and the bin; it is passed over
    where some folder is to be left out, because it holds that one's mail too."""
    everything = all_mail(folders) if speaks_gmail(client) else None
    if everything is None or only:
        return chosen(folders, only, without)
    return [one for one in chosen(folders, (), without) if one is not everything] if without else [everything]


def items(client: Client, *more: str) -> list[str]:
    """What is asked of each message besides."""
    return [LABELS, *more] if speaks_gmail(client) else []


def labels_of(folder: Folder, said: Mapping[bytes, object]) -> tuple[str, ...] | None:
    """The labels of a message in this folder; Gmail leaves out the one whose folder is open. None: it was not told."""
    given = said.get(LABELS.encode(), ...)
    if given is ...:
        return None
    names = {_name(one) for one in given} if isinstance(given, tuple) else set()
    return (*(() if folder.use == "all" else folder.labels), *sorted(name for name in names if name))


def thread_of(said: Mapping[bytes, object]) -> str:
    """The thread as Gmail's API calls it: the same number in other digits."""
    number = said.get(THREAD.encode())
    return f"{number:x}" if isinstance(number, int) and number > 0 else ""


def spoken(label: str) -> str:
    """A label as a command has to say it."""
    return _SYSTEM.get(label.upper(), label)


def _name(said: object) -> str:
    """Empty where it is no label but a mark, or cannot be read."""
    raw = str(said).encode() if isinstance(said, int) else said
    if not isinstance(raw, bytes):
        return ""
    try:
        name = str(imap_utf7.decode(raw))
    except UnicodeError:
        name = raw.decode("latin-1")
    if name.startswith("\\"):
        return "" if name.lower() in _MARKS else name[1:].upper()[:MAX_NAME]
    return one_line(name)[:MAX_NAME]
