"""IMAP accounts of mailboxes: in with the login that is kept, and reading what there is."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

from django.conf import settings

from email_automation.connecting import accounts, google_tokens
from email_automation.mailboxes import MailboxError
from email_automation.mailboxes.imap import (
    Client,
    ImapActions,
    ImapSource,
    Login,
    LoginRefusedError,
    Security,
    Wanted,
    connected,
)
from email_automation.models import Account, Mailbox, Provider, SyncRun
from email_automation.syncing.following import Stored
from jobs.errors import Fail

GMAIL_HOST = "imap.gmail.com"
GMAIL_SCOPE = "https://mail.google.com/"  # the only one that opens IMAP


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
    return ImapActions(connection_to(mailbox))


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
            client = stack.enter_context(connected(login_of(account)))
        except LoginRefusedError as error:
            accounts.broken(account, str(error))
        except MailboxError as error:
            raise Fail(str(error), code=error.code) from None
        yield client


def login_of(account: Account) -> Login:
    """How to get in: with the password, or with a token where the account is Google's."""
    if account.provider != Provider.GMAIL:
        return Login(
            account.host,
            account.username,
            account.port,
            Security(account.security),
            password=account.password.reveal(),
            private=settings.MAIL_PRIVATE_HOSTS,
        )
    if GMAIL_SCOPE not in account.scopes:
        raise Fail(
            f"Google lets nobody read over IMAP without the scope {GMAIL_SCOPE}. Connect it with that, or as Gmail."
        )
    token = google_tokens.credentials(account.mailbox).token
    host = account.host or GMAIL_HOST
    return Login(host, account.address, account.port, token=str(token), private=settings.MAIL_PRIVATE_HOSTS)
