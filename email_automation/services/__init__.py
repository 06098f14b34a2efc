"""What may be asked of the mail part."""

from email_automation.services.answering import ask_ai, classify_again, draft_reply, summarise
from email_automation.services.mailboxes import add_mailbox, mailbox_of, sync_mailbox
from email_automation.services.sending import (
    approve,
    propose,
    reject,
    reply,
    resolve_doubt,
    send_email,
    stop_sending,
    undo,
)

__all__ = [
    "add_mailbox",
    "approve",
    "ask_ai",
    "classify_again",
    "draft_reply",
    "mailbox_of",
    "propose",
    "reject",
    "reply",
    "resolve_doubt",
    "send_email",
    "stop_sending",
    "summarise",
    "sync_mailbox",
    "undo",
]
