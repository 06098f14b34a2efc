"""A Gmail account as a mailbox."""

from email_automation.mailboxes.gmail.source import GmailMailbox, Stored

__all__ = ["GmailMailbox", "Stored"]
