"""What is stored about mail, and what can never be true of it."""

from email_automation.models.account import Account, AccountState, Provider, Security
from email_automation.models.answers import AIAnswer, AIUsage, Classification
from email_automation.models.automation import AutomaticAction, AutomationSetting, KillSwitch
from email_automation.models.consent import Consent
from email_automation.models.followups import OPEN_FOLLOW_UPS, FollowUp, FollowUpRule, FollowUpStatus
from email_automation.models.mailbox import Mailbox, MailboxKind, SyncRun
from email_automation.models.message import Attachment, Copy, Message, MessageHtml
from email_automation.models.outgoing import (
    OPEN,
    Author,
    Mailer,
    MailKind,
    MailStatus,
    OutgoingAttachment,
    OutgoingMail,
)
from email_automation.models.quota import Quota
from email_automation.models.rules import Rule, RuleMatch
from email_automation.models.suppression import Sender, SendingCount, Suppression

__all__ = [
    "OPEN",
    "OPEN_FOLLOW_UPS",
    "AIAnswer",
    "AIUsage",
    "Account",
    "AccountState",
    "Attachment",
    "Author",
    "AutomaticAction",
    "AutomationSetting",
    "Classification",
    "Consent",
    "Copy",
    "FollowUp",
    "FollowUpRule",
    "FollowUpStatus",
    "KillSwitch",
    "MailKind",
    "MailStatus",
    "Mailbox",
    "MailboxKind",
    "Mailer",
    "Message",
    "MessageHtml",
    "OutgoingAttachment",
    "OutgoingMail",
    "Provider",
    "Quota",
    "Rule",
    "RuleMatch",
    "Security",
    "Sender",
    "SendingCount",
    "Suppression",
    "SyncRun",
]
