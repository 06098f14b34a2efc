"""What may be asked of the mail part."""

from email_automation.services.answering import ask_ai, classify_again, draft_reply, summarise
from email_automation.services.mailboxes import add_mailbox, mailbox_of, sync_mailbox
from email_automation.services.sending import discard_draft, release_draft, send_email, stop_sending

__all__ = [
    "add_mailbox",
    "ask_ai",
    "classify_again",
    "discard_draft",
    "draft_reply",
    "mailbox_of",
    "release_draft",
    "send_email",
    "stop_sending",
    "summarise",
    "sync_mailbox",
]
