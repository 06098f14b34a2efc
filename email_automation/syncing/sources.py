"""How a mailbox is reached, by its kind."""

from email_automation.connecting import gmail_accounts, imap_accounts
from email_automation.mailboxes import MailboxSource, NotConnectedError, open_mailbox
from email_automation.mailboxes.actions import MailboxActions, MessageGoneError
from email_automation.models import Mailbox, MailboxKind, Message, SyncRun

NOT_CONNECTED = "There is no mailbox to read yet. Connect one: `manage.py sync_mailbox PATH --user USER`."
READ_ONLY = "A mailbox of files is only read. Connect an account to change mail where it lies."


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


def open_actions(mailbox: Mailbox) -> MailboxActions:
    """What may be done to messages of a mailbox; to be closed.

    Raises:
        MailboxError: nothing may.
    """
    if mailbox.kind == MailboxKind.GMAIL:
        return gmail_accounts.actions(mailbox)
    if mailbox.kind == MailboxKind.IMAP:
        return imap_accounts.actions(mailbox)
    raise NotConnectedError(READ_ONLY)


def original(message: Message) -> bytes:
    """A message as it lies in its mailbox, its first MAX_RAW bytes.

    Raises:
        MailboxError: it cannot be had any more.
    """
    mailbox = message.mailbox
    if mailbox.kind not in (MailboxKind.GMAIL, MailboxKind.IMAP):
        here = (one.raw for one in open_mailbox(mailbox.location).messages() if one.digest == message.digest)
        if (raw := next(here, None)) is None:
            raise MessageGoneError("It lies there no more.")
        return raw
    copy = message.copies.order_by("pk").first()
    if copy is None:
        raise MessageGoneError("Its provider has this message no more.")
    with open_actions(mailbox) as provider:
        return provider.original(copy.provider_id)
