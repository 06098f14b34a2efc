"""What the owner of a Google account may allow, and what each of it is good for."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

_GMAIL = "https://www.googleapis.com/auth/gmail."
OPENS_IMAP = "https://mail.google.com/"  # nothing less does
WHO = ("openid", "https://www.googleapis.com/auth/userinfo.email")  # whose account it is


class Function(StrEnum):
    """What Fikiri does with a mailbox."""

    READ = "reading mail"
    SEND = "sending mail"
    CHANGE = "labelling, archiving and marking mail"


ALL = frozenset(Function)
ALLOWS = {
    OPENS_IMAP: ALL,
    _GMAIL + "modify": ALL,
    _GMAIL + "readonly": frozenset({Function.READ}),
    _GMAIL + "compose": frozenset({Function.SEND}),  # drafts too: a mail is sent once by sending a draft
}
IMAP = "imap"
ACCESS = {
    "modify": (_GMAIL + "modify",),
    "read-and-send": (_GMAIL + "readonly", _GMAIL + "compose"),
    "read": (_GMAIL + "readonly",),
    IMAP: (OPENS_IMAP,),
}


def asked(access: str) -> tuple[str, ...]:
    """The scopes that are asked for, for an access of the settings."""
    return (*WHO, *ACCESS[access])


def functions(granted: Iterable[str]) -> frozenset[Function]:
    """What is possible with these scopes."""
    return frozenset().union(*(ALLOWS.get(scope, frozenset()) for scope in granted))


def missing(access: str, granted: Iterable[str]) -> list[Function]:
    """What was asked for and is not possible: owners can untick."""
    had = functions(granted)
    return [function for function in Function if function in functions(ACCESS[access]) and function not in had]
