"""Through which source a sync reads its mailbox."""

from email_automation import gmail_accounts, imap_accounts
from email_automation.mailboxes import MailboxSource, NotConnectedError, open_mailbox
from email_automation.models import MailboxKind, SyncRun

NOT_CONNECTED = "There is no mailbox to read yet. Connect one: `manage.py sync_mailbox PATH --user USER`."


def open_source(run: SyncRun) -> MailboxSource:
    """The source of a run's mailbox.

    Raises:
        MailboxError: it cannot be read as it is; the text says why and what to do.
    """
    mailbox = run.mailbox
    if mailbox.kind == MailboxKind.GMAIL:
        return gmail_accounts.source(run)
    if mailbox.kind == MailboxKind.IMAP:
        return imap_accounts.source(run)
    if not mailbox.location:
        raise NotConnectedError(NOT_CONNECTED)
    return open_mailbox(mailbox.location)
