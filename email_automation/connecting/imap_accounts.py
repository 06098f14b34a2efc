"""IMAP accounts of mailboxes: in with the login that is kept, and reading what there is."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

from django.conf import settings

from email_automation.connecting import accounts, google_tokens
from email_automation.connecting.scopes import OPENS_IMAP
from email_automation.mailboxes import MailboxError
from email_automation.mailboxes.imap import (
    Client,
    GmailImapActions,
    ImapActions,
    ImapSource,
    Login,
    LoginRefusedError,
    Security,
    Wanted,
    connected,
    folders_of,
    speaks_gmail,
)
from email_automation.models import Account, Mailbox, Provider, SyncRun
from email_automation.syncing.following import Stored
from jobs.errors import Fail

GMAIL_HOST = "imap.gmail.com"
NO_SCOPE = f"Google lets nobody in over IMAP without {OPENS_IMAP}. Connect it again, over IMAP, and tick the box."


def source(run: SyncRun) -> ImapSource:
    """What a sync of an IMAP account reads."""
    mailbox = run.mailbox
    wanted = Wanted(
        since=(run.requested_at - timedelta(days=run.window_days)).date() if run.window_days else None,
        limit=run.max_messages or 0,
        only=tuple(mailbox.only_folders),
        without=tuple(mailbox.without_folders),
    )
    return ImapSource(connection_to(mailbox), Stored(mailbox), wanted)


def actions(mailbox: Mailbox) -> ImapActions:
    """What may be done to messages of an IMAP account; to be closed."""
    with ExitStack() as stack:
        client = stack.enter_context(connection_to(mailbox))
        kind = GmailImapActions if speaks_gmail(client) else ImapActions
        return kind(client, folders_of(client), stack.pop_all())


@contextmanager
def connection_to(mailbox: Mailbox) -> Iterator[Client]:
    """The account of a mailbox, logged in.

    Raises:
        Held: the login is not good any more, and its owner is told.
        Fail: this account cannot be reached as it is described.
        ServerTroubleError: its server has trouble, which may pass.
    """
    account = accounts.account_of(mailbox.pk)
    with ExitStack() as stack:
        try:
            client = _let_in(account, stack)
        except MailboxError as error:
            raise Fail(str(error), code=error.code) from None
        yield client


def login_of(account: Account, *, not_this: str = "") -> Login:
    """How to get in: with the password, or where the account is Google's with a token, another one than `not_this`."""
    if account.provider != Provider.GMAIL:
        return Login(
            account.host,
            account.username,
            account.port,
            Security(account.security),
            password=account.password.reveal(),
            private=settings.MAIL_PRIVATE_HOSTS,
        )
    if OPENS_IMAP not in account.scopes:
        raise Fail(NO_SCOPE, code="MAILBOX_NOT_CONNECTED")
    return Login(
        account.host or GMAIL_HOST,
        account.address,
        account.port,
        Security(account.security),
        token=google_tokens.token_of(account.mailbox_id, not_this),
        private=settings.MAIL_PRIVATE_HOSTS,
    )


def _let_in(account: Account, stack: ExitStack) -> Client:
    """A token that is refused before its time is tried to be replaced, once."""
    login = login_of(account)
    try:
        return stack.enter_context(connected(login))
    except LoginRefusedError as error:
        if not login.token:
            accounts.broken(account, str(error))
    login = login_of(account, not_this=login.token)
    try:
        return stack.enter_context(connected(login))
    except LoginRefusedError as error:
        accounts.broken(_with_token(account, login.token), str(error))


def _with_token(account: Account, token: str) -> Account:
    """The account since it was given this token; as it was before, where it has another one by now."""
    now = accounts.account_of(account.mailbox_id)
    return now if now.access_token.reveal() == token else account
