"""Gmail tells of news: it is asked for that every day, and believed only where Google has signed it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import requests
from django.conf import settings
from django.db.models import QuerySet
from google.auth import jwt
from google.auth.exceptions import GoogleAuthError

from email_automation.connecting import gmail_accounts
from email_automation.connecting.google_tokens import TokenUnavailable
from email_automation.gmail import GmailError
from email_automation.models import AccountState, Mailbox, MailboxKind, Provider
from email_automation.syncing import runs
from jobs import clock
from jobs.errors import Answer

ISSUERS = ("https://accounts.google.com", "accounts.google.com")
SKEW = 30  # seconds by which Google's clock and ours may differ
TIMEOUT = 5.0  # seconds
KEYS_LIVE = 3600.0  # seconds
LOOK_AGAIN = 60.0  # seconds at least between two looks for a key that is not known
EARLY = timedelta(days=6)  # what ends within it is asked for again: a watch lasts seven days


class NotFromGoogle(Exception):
    """Whoever posts this has no token of Google's for us; the text says what is wrong with it."""


@dataclass(frozen=True)
class Notice:
    """There is something new in the mail of an address."""

    address: str
    history: int


def is_on() -> bool:
    return bool(settings.GMAIL_PUSH_AUDIENCE and settings.GMAIL_PUSH_ACCOUNT)


def check_token(token: str) -> None:
    """Raises NotFromGoogle unless Google signed this token for the account that publishes our notices, and for us."""
    try:
        claims: Mapping[str, Any] = jwt.decode(  # type: ignore[no-untyped-call]
            token, keys.of(token), audience=settings.GMAIL_PUSH_AUDIENCE, clock_skew_in_seconds=SKEW
        )
    except (ValueError, GoogleAuthError) as error:
        raise NotFromGoogle(str(error)[:200]) from None
    if claims.get("iss") not in ISSUERS:
        raise NotFromGoogle("the token is not Google's")
    if claims.get("email") != settings.GMAIL_PUSH_ACCOUNT or claims.get("email_verified") is not True:
        raise NotFromGoogle("the token is another account's")


def heed(notice: Notice) -> int:
    """Enqueue a sync of every connected mailbox of the address that has not seen as much yet. Returns how many."""
    mailboxes = Mailbox.objects.filter(
        kind=MailboxKind.GMAIL,
        account__provider=Provider.GMAIL,
        account__state=AccountState.CONNECTED,
        account__address__iexact=notice.address,
    )
    behind = [mailbox for mailbox in mailboxes if _history(mailbox) < notice.history]
    for mailbox in behind:
        runs.request(mailbox, "push")
    return len(behind)


def due() -> QuerySet[Mailbox]:
    """The accounts whose notices are to be asked for now."""
    if not settings.GMAIL_TOPIC:
        return Mailbox.objects.none()
    connected = Mailbox.objects.filter(kind=MailboxKind.GMAIL, account__state=AccountState.CONNECTED)
    return connected.exclude(watched_until__gt=clock.now() + EARLY)


def watch(mailbox_id: int) -> str:
    """Ask for the notices of an account. Returns until when they come; empty where none are wanted."""
    mailbox = Mailbox.objects.filter(pk=mailbox_id).first()
    if mailbox is None or not settings.GMAIL_TOPIC:
        return ""
    with gmail_accounts.client_of(mailbox) as gmail:
        until = gmail.watch(settings.GMAIL_TOPIC).expires_at
    Mailbox.objects.filter(pk=mailbox.pk).update(watched_until=until)
    return until.isoformat()


def unwatch(mailbox: Mailbox) -> None:
    """Ask for no more notices of an account that is about to be disconnected; in vain, they end within a week.

    They come by address: another mailbox of the same one keeps them.
    """
    if mailbox.watched_until is None or mailbox.watched_until < clock.now():
        return
    same = Mailbox.objects.filter(kind=MailboxKind.GMAIL, account__state=AccountState.CONNECTED)
    if not same.filter(location__iexact=mailbox.location).exclude(pk=mailbox.pk).exists():
        with suppress(GmailError, Answer, TokenUnavailable), gmail_accounts.client_of(mailbox) as gmail:
            gmail.stop()
    Mailbox.objects.filter(pk=mailbox.pk).update(watched_until=None)


def _history(mailbox: Mailbox) -> int:
    """How far a mailbox's syncs have come; 0: they have not."""
    position = mailbox.position or {}
    return int(position.get("history", 0)) if position.get("phase") == "history" else 0


class Keys:
    """Google's public keys, asked for once an hour, and for one that is new at most once a minute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}
        self._asked_at = float("-inf")

    def of(self, token: str) -> dict[str, str]:
        """The keys that this token may be signed with.

        Raises:
            NotFromGoogle: it names none, or none that Google has.
        """
        name = str(_header(token).get("kid") or "")
        with self._lock:
            age = time.monotonic() - self._asked_at
            if age > KEYS_LIVE or (name not in self._known and age > LOOK_AGAIN):
                self._asked_at = time.monotonic()
                self._known = _asked()
        if name not in self._known:
            raise NotFromGoogle("no key of Google's fits the token")
        return {name: self._known[name]}

    def forget(self) -> None:
        self._asked_at = float("-inf")


keys = Keys()


def _header(token: str) -> Mapping[str, Any]:
    try:
        header = jwt.decode_header(token)  # type: ignore[no-untyped-call]
    except (ValueError, RecursionError, GoogleAuthError):
        raise NotFromGoogle("it is no token") from None
    return header if isinstance(header, Mapping) else {}


def _asked() -> dict[str, str]:
    try:
        answer = requests.get(settings.GOOGLE_CERTS_URL, timeout=TIMEOUT)
        answer.raise_for_status()
        found = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise NotFromGoogle(f"Google's keys cannot be had ({type(error).__name__})") from None
    return {str(name): str(key) for name, key in found.items()} if isinstance(found, dict) else {}
