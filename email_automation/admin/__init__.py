"""The mail part in the admin. Whatever a stranger wrote is shown as plain text."""

from email_automation.admin import answers, automation, mailboxes, messages, outgoing, rules, suppressions

__all__ = ["answers", "automation", "mailboxes", "messages", "outgoing", "rules", "suppressions"]
