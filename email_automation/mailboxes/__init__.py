"""Where mail comes from: one shape for an mbox file, a Maildir, a folder of messages and a single file."""

from email_automation.mailboxes.base import Cursor, MailboxError, MailboxSource, RawMessage
from email_automation.mailboxes.detection import open_mailbox

__all__ = ["Cursor", "MailboxError", "MailboxSource", "RawMessage", "open_mailbox"]
