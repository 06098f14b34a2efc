"""Mail over IMAP, of any provider."""

from email_automation.mailboxes.imap.actions import ImapActions
from email_automation.mailboxes.imap.connection import Client, Login, Security, connected
from email_automation.mailboxes.imap.errors import (
    HostRefusedError,
    LoginRefusedError,
    NotSecureError,
    RefusedByServerError,
    ServerTroubleError,
)
from email_automation.mailboxes.imap.folders import folders_of
from email_automation.mailboxes.imap.gmail import speaks_gmail
from email_automation.mailboxes.imap.gmail_actions import GmailImapActions
from email_automation.mailboxes.imap.source import ImapSource, Wanted

__all__ = [
    "Client",
    "GmailImapActions",
    "HostRefusedError",
    "ImapActions",
    "ImapSource",
    "Login",
    "LoginRefusedError",
    "NotSecureError",
    "RefusedByServerError",
    "Security",
    "ServerTroubleError",
    "Wanted",
    "connected",
    "folders_of",
    "speaks_gmail",
]
