"""The login of a mailbox: kept, handed to one job at a time, and found broken once.

Nothing here is kept in a module: what a job is given is made for its own mailbox, each time.
"""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import transaction
from django.db.models import F

from email_automation.connecting import telling
from email_automation.models import Account, AccountState, Mailbox, Provider, Security
from email_automation.syncing import polling
from jobs import services
from jobs.clock import Now
from jobs.errors import Fail, Held

NOT_CONNECTED = (
    "Mailbox {mailbox} is not connected. Connect it: `manage.py connect_gmail --user USER`, or in the admin."
)
HELD = "Mailbox {address} has to be connected again: {reason}"


def account_of(mailbox_id: int) -> Account:
    """The connected account of a mailbox, read now.

    Raises:
        Held: it has to be connected again; the job waits for that.
        Fail: nobody has connected it, or its owner has disconnected it.
    """
    account = Account.objects.filter(mailbox_id=mailbox_id).first()
    if account is None or account.state == AccountState.DISCONNECTED:
        raise Fail(NOT_CONNECTED.format(mailbox=mailbox_id), code="MAILBOX_NOT_CONNECTED")
    if account.state == AccountState.NEEDS_REAUTH:
        raise _held(account)
    return account


def needs(mailbox_id: int) -> str:
    """Why a mailbox has to be connected again; empty where it has not."""
    account = Account.objects.filter(mailbox_id=mailbox_id, state=AccountState.NEEDS_REAUTH).first()
    return _why(account) if account else ""


@transaction.atomic
def keep(mailbox: Mailbox, provider: Provider, address: str, **login: Any) -> Account:
    """Keep the login of a mailbox that was just tried, and let every job go on that waited for it.

    Args:
        login: The secrets and what goes with them, as the columns of Account are called; all others are emptied.
    """
    Mailbox.objects.select_for_update().get(pk=mailbox.pk)
    fresh = _empty() | login
    fresh |= {"provider": provider, "address": address, "state": AccountState.CONNECTED, "reason": ""}
    fresh |= {"changed_at": Now(), "connected_at": Now(), "told_at": None}
    account, created = Account.objects.get_or_create(mailbox=mailbox, defaults=fresh)
    if not created:
        _write(account, **fresh)
    services.release(account.hold)
    polling.begin(mailbox)
    return Account.objects.get(pk=account.pk)


@transaction.atomic
def forget(account: Account, reason: str) -> None:
    """Erase the login; what waited for it goes on, and ends for want of a mailbox."""
    _write(account, **_empty(), state=AccountState.DISCONNECTED, reason=reason[:300], changed_at=Now(), told_at=None)
    services.release(account.hold)


def broken(account: Account, reason: str) -> NoReturn:
    """The provider refuses this login for good: the mailbox's jobs wait, and its owner is told once.

    Raises:
        Held: always, so that the calling job waits too. Where the account was connected again meanwhile, the job
            goes on at once.
    """
    with transaction.atomic():
        as_read = Account.objects.filter(pk=account.pk, version=account.version, state=AccountState.CONNECTED)
        account.reason = reason[:300]
        if as_read.update(
            state=AccountState.NEEDS_REAUTH,
            reason=account.reason,
            changed_at=Now(),
            refresh_token="",
            access_token="",
            access_until=None,
            refreshing_until=None,
            version=F("version") + 1,
        ):
            services.hold(account.hold, _why(account))
            telling.needs_reauth(account)
    raise _held(account)


def _held(account: Account) -> Held:
    return Held(account.hold, _why(account))


def _why(account: Account) -> str:
    return HELD.format(address=account.address, reason=account.reason)[:300]


def _empty() -> dict[str, Any]:
    return {
        "refresh_token": "",
        "access_token": "",
        "access_until": None,
        "refreshing_until": None,
        "scopes": [],
        "host": "",
        "port": 993,
        "username": "",
        "password": "",
        "smtp_host": "",
        "smtp_port": 465,
        "smtp_security": Security.TLS,
    }


def _write(account: Account, **values: Any) -> None:
    Account.objects.filter(pk=account.pk).update(**values, version=F("version") + 1)
