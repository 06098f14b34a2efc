"""What is stored about mail, and what can never be true of it."""

from email_automation.models.answers import AIAnswer, AIUsage, Classification
from email_automation.models.automation import AutomationSetting, KillSwitch
from email_automation.models.mailbox import Mailbox, MailboxKind, SyncRun
from email_automation.models.message import Attachment, Copy, Message
from email_automation.models.outgoing import MailStatus, OutgoingMail

__all__ = [
    "AIAnswer",
    "AIUsage",
    "Attachment",
    "AutomationSetting",
    "Classification",
    "Copy",
    "KillSwitch",
    "MailStatus",
    "Mailbox",
    "MailboxKind",
    "Message",
    "OutgoingMail",
    "SyncRun",
]
