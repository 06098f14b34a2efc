"""Access tokens of Google accounts: kept encrypted for all workers, refreshed by one of them at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import requests
from django.conf import settings
from django.db.models import F, Q
from google.auth.exceptions import GoogleAuthError, RefreshError
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials

from email_automation.connecting import accounts
from email_automation.connecting.encryption import Secret
from email_automation.models import Account, AccountState, Mailbox
from jobs import clock
from jobs.clock import Now

SPARE = 300.0  # seconds that a token has to live on to be handed out; google-auth refreshes 225 s before the end
TIMEOUT = 10.0  # seconds of one request to the token server, which google-auth repeats twice where it answers badly
LEASE = 45.0  # seconds that one process has for a refresh
USUAL_LIFE = timedelta(hours=1)  # of a token whose answer does not say
LOOK_EVERY = 0.1  # seconds, while another process refreshes
REVOKED = (
    "Google refuses its token (invalid_grant): access was revoked, the password changed, or it was not used for long."
)
REAUTH = "Google wants its owner to log in again."


class TokenUnavailable(Exception):
    """Google gave no token, and may give one later."""


@dataclass(frozen=True)
class Token:
    text: Secret
    until: datetime


def credentials(mailbox: Mailbox) -> Credentials:
    """What opens this mailbox and no other, with a token that is valid for some minutes at least.

    google-auth asks for a new token by itself when this one ends, or is refused. Make it anew for each job.

    Raises:
        Held: the mailbox has to be connected again.
        Fail: it is not connected.
        TokenUnavailable: the token server is away.
    """
    token = _valid(mailbox.pk)
    handed = Credentials(token.text.reveal(), expiry=_naive(token.until))  # type: ignore[no-untyped-call]
    handed.refresh_handler = partial(_another, mailbox.pk, handed)
    return handed


def token_of(mailbox_id: int, not_this: str = "") -> str:
    """An access token by itself, valid for some minutes at least, another one than `not_this`. Raises as above."""
    return _valid(mailbox_id, not_this).text.reveal()


def _another(
    mailbox_id: int, handed: Credentials, _request: Request, scopes: Sequence[str] | None
) -> tuple[str, datetime]:
    """For google-auth: a token other than the one that has ended or was refused."""
    token = _valid(mailbox_id, not_this=str(handed.token))
    return token.text.reveal(), _naive(token.until)


def _valid(mailbox_id: int, not_this: str = "") -> Token:
    """The stored token, or one that this process gets, or that it sees another get."""
    pause = threading.Event()
    deadline = time.monotonic() + 2 * LEASE
    while time.monotonic() < deadline:
        account = accounts.account_of(mailbox_id)
        if token := _stored(account, not_this):
            return token
        if _take_turn(account) and (token := _refresh(account)):
            return token
        pause.wait(LOOK_EVERY)
    raise TokenUnavailable(f"Another process has been refreshing the token of {account.address} for too long.")


def _stored(account: Account, not_this: str) -> Token | None:
    until = account.access_until
    if until is None or (until - clock.now()).total_seconds() < SPARE or account.access_token.reveal() == not_this:
        return None
    return Token(account.access_token, until)


def _take_turn(account: Account) -> bool:
    """Of all that saw the same version one refreshes, until its lease is over; its writes are guarded by the next."""
    as_read = Account.objects.filter(pk=account.pk, version=account.version, state=AccountState.CONNECTED)
    free = as_read.filter(Q(refreshing_until=None) | Q(refreshing_until__lte=Now()))
    if not free.update(refreshing_until=Now(LEASE), version=F("version") + 1):
        return False
    account.version += 1
    return True


def _refresh(account: Account) -> Token | None:
    """Ask Google, outside any transaction. None: the account was connected again meanwhile."""
    ours = Credentials(  # type: ignore[no-untyped-call]
        None,
        refresh_token=account.refresh_token.reveal(),
        token_uri=settings.GOOGLE_TOKEN_URI,
        client_id=settings.GOOGLE_CLIENT_ID,
        client_secret=settings.GOOGLE_CLIENT_SECRET,
    )
    try:
        with requests.Session() as session:
            ours.refresh(partial(Request(session), timeout=TIMEOUT))  # type: ignore[no-untyped-call]
    except RefreshError as error:
        if reason := _why_for_good(error):
            accounts.broken(account, reason)
        _give_up(account)
        raise TokenUnavailable(f"Google gave no token for {account.address}: {_word(error)}") from None
    except GoogleAuthError as error:
        _give_up(account)
        raise TokenUnavailable(f"The token server cannot be reached: {type(error).__name__}") from None
    return _keep(account, ours)


def _keep(account: Account, ours: Credentials) -> Token | None:
    """The refreshed token, for everybody; with a new refresh token where Google gave one."""
    until = ours.expiry.replace(tzinfo=UTC) if ours.expiry else clock.now() + USUAL_LIFE
    token = Token(Secret(str(ours.token)), until)
    fresh: dict[str, Any] = {"access_token": token.text, "access_until": until}
    if ours.refresh_token != account.refresh_token.reveal():
        fresh["refresh_token"] = Secret(str(ours.refresh_token))
    as_read = Account.objects.filter(pk=account.pk, version=account.version)
    if not as_read.update(**fresh, refreshing_until=None, version=F("version") + 1):
        return None
    return token


def _give_up(account: Account) -> None:
    Account.objects.filter(pk=account.pk, version=account.version).update(refreshing_until=None)


def _why_for_good(error: RefreshError) -> str:
    """Why no retry can mend it; empty where one may."""
    if _word(error) == "invalid_grant":
        return REVOKED
    return REAUTH if "Reauthentication is needed" in str(error) else ""


def _word(error: RefreshError) -> str:
    """The token server's own word, such as `invalid_grant`."""
    answer: Any = error.args[1] if len(error.args) > 1 else None
    return str(answer.get("error")) if isinstance(answer, Mapping) else "an answer that is none"


def _naive(moment: datetime) -> datetime:
    """As google-auth wants it: UTC without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)
