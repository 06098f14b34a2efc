"""Flags of messages, in the words that a Maildir's have here."""

from collections.abc import Iterable

MAX_FLAGS = 50
MAX_FLAG = 100  # characters
WORDS = {
    "\\seen": "seen",
    "\\answered": "replied",
    "\\flagged": "flagged",
    "\\deleted": "trashed",
    "\\draft": "draft",
    "$forwarded": "passed",
}
_OF_THE_SESSION = {"\\recent"}


def words_of(flags: object) -> tuple[str, ...]:
    """System flags by their word, keywords as they are; in one order, whatever order the server has."""
    if not isinstance(flags, Iterable):
        return ()
    given = {flag.decode("ascii", "replace") for flag in flags if isinstance(flag, bytes)}
    words = {WORDS.get(flag.lower(), flag[:MAX_FLAG]) for flag in given if flag.lower() not in _OF_THE_SESSION}
    return tuple(sorted(words)[:MAX_FLAGS])
