"""What is stored about mail, and what can never be true of it."""

from email_automation.models.answers import AIAnswer, AIUsage, Classification
from email_automation.models.automation import AutomationSetting, KillSwitch
from email_automation.models.mailbox import Mailbox, MailboxKind, SyncRun
from email_automation.models.message import Attachment, Copy, Message
from email_automation.models.outgoing import (
    OPEN,
    Author,
    Mailer,
    MailKind,
    MailStatus,
    OutgoingAttachment,
    OutgoingMail,
)
from email_automation.models.suppression import Sender, SendingCount, Suppression

__all__ = [
    "OPEN",
    "AIAnswer",
    "AIUsage",
    "Attachment",
    "Author",
    "AutomationSetting",
    "Classification",
    "Copy",
    "KillSwitch",
    "MailKind",
    "MailStatus",
    "Mailbox",
    "MailboxKind",
    "Mailer",
    "Message",
    "OutgoingAttachment",
    "OutgoingMail",
    "Sender",
    "SendingCount",
    "Suppression",
    "SyncRun",
]
