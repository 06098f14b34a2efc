"""Mailboxes are connected to their provider, and disconnected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from email_automation.connecting import accounts, oauth, scopes
from email_automation.connecting.oauth import NotConnected
from email_automation.connecting.scopes import Function
from email_automation.models import Account, AccountState, Mailbox, MailboxKind, Provider
from email_automation.services.mailboxes import sync_mailbox
from email_automation.syncing import gmail_notices
from jobs import audit

BY_OWNER = "disconnected by {by}"


@dataclass(frozen=True)
class Connected:
    """`missing`: what was asked for and not allowed."""

    account: Account
    missing: list[Function]

    def __str__(self) -> str:
        told = f"Connected: {self.account.address}."
        if not self.missing:
            return told
        lacking = " and ".join(self.missing)
        return f"{told} Not allowed was: {lacking}. Connect it again and tick the box on Google's page to have that."


def begin_gmail(
    by: AbstractBaseUser,
    redirect_uri: str,
    *,
    user: AbstractBaseUser | None = None,
    address: str = "",
    over_imap: bool = False,
) -> str:
    """Where to send the browser of a Gmail account's owner.

    Args:
        over_imap: Have it read over IMAP, for which Google asks the owner for full access.

    Raises:
        NotConnected: the OAuth client is not set.
    """
    access = scopes.IMAP if over_imap else settings.GMAIL_ACCESS
    return oauth.begin(by, user or by, redirect_uri, access=access, address=address)


def finish_gmail(by: AbstractBaseUser, answer: Mapping[str, str]) -> Connected:
    """Connect the account for which Google's answer came, and sync it. What was held for it goes on.

    Raises:
        NotConnected: the text says why, and what to do.
    """
    granted = oauth.finish(by, answer)
    with transaction.atomic():
        audit.hold()
        kind = MailboxKind.IMAP if granted.consent.access == scopes.IMAP else MailboxKind.GMAIL
        mailbox = _mailbox(granted.consent.user, granted.address, kind)
        account = accounts.keep(
            mailbox, Provider.GMAIL, granted.address, refresh_token=granted.refresh_token, scopes=granted.scopes
        )
        after = {"address": granted.address, "allowed": sorted(scopes.functions(granted.scopes))}
        audit.record("connect", f"mailbox {mailbox.pk}", by=by.get_username(), after=after)
        sync_mailbox(mailbox, sync_type="connected")
    return Connected(account, scopes.missing(granted.consent.access, granted.scopes))


def disconnect(mailbox: Mailbox, *, by: str) -> bool:
    """Take the access back at the provider and erase the login here; what was synced stays.

    Returns whether the provider knows. If it could not be told, its owner should do that, where it keeps permissions.
    """
    account = Account.objects.filter(mailbox=mailbox).exclude(state=AccountState.DISCONNECTED).first()
    if account is None:
        return True
    if account.state == AccountState.CONNECTED:
        gmail_notices.unwatch(mailbox)
    told = not account.refresh_token or oauth.revoke(account.refresh_token)
    with transaction.atomic():
        audit.hold()
        accounts.forget(account, BY_OWNER.format(by=by))
        after = {"address": account.address, "provider_told": told}
        audit.record("disconnect", f"mailbox {mailbox.pk}", by=by, after=after)
    return told


def _mailbox(user: AbstractBaseUser, address: str, kind: MailboxKind) -> Mailbox:
    """The user's mailbox of that address: the one that there is, the one that waits to be connected, or a new one."""
    mine = Mailbox.objects.select_for_update().filter(user_id=user.pk)
    mailbox = mine.filter(location=address).first()
    if mailbox and mailbox.kind != kind:
        raise NotConnected(
            f"{address} is connected by {mailbox.get_kind_display()} already. Remove that mailbox first.",
            code="ALREADY_CONNECTED",
        )
    if mailbox is None:
        waiting = mine.filter(location="", kind=MailboxKind.GMAIL).first()
        mailbox = waiting or Mailbox(user_id=user.pk)
        mailbox.kind = kind
        mailbox.location, mailbox.name = address, address[:200]
    if address not in mailbox.own_addresses:
        mailbox.own_addresses = [*mailbox.own_addresses, address]
    mailbox.save()
    return mailbox
