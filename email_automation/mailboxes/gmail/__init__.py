"""A Gmail account as a mailbox."""

from email_automation.mailboxes.gmail.actions import GmailActions
from email_automation.mailboxes.gmail.source import GmailMailbox, Stored

__all__ = ["GmailActions", "GmailMailbox", "Stored"]
