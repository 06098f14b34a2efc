"""What may be asked of the mail part."""

from email_automation.services.acting import act_in_mailbox, act_on, forward
from email_automation.services.answering import ask_ai, classify_again, draft_reply, summarise
from email_automation.services.automation import set_automation, set_kill_switch
from email_automation.services.connecting import Connected, begin_gmail, disconnect, finish_gmail
from email_automation.services.followups import (
    add_follow_up_rule,
    delete_follow_up_rule,
    offer_follow_ups,
    set_follow_up_rule,
    stop_follow_up,
)
from email_automation.services.imap import connect_imap
from email_automation.services.mailboxes import (
    add_mailbox,
    heed_notice,
    mailbox_of,
    pause_mailbox,
    resume_mailbox,
    sync_mailbox,
)
from email_automation.services.passwords import note_new_password, send_password_link
from email_automation.services.rules import add_rule, change_rule, delete_rule, run_rules, save_rule, try_rule
from email_automation.services.sending import (
    allow_again,
    approve,
    approve_as,
    propose,
    reject,
    reply,
    resolve_doubt,
    revise,
    send_email,
    send_letter,
    stop_sending,
    suppress,
    suppress_for,
    undo,
)

__all__ = [
    "Connected",
    "act_in_mailbox",
    "act_on",
    "add_follow_up_rule",
    "add_mailbox",
    "add_rule",
    "allow_again",
    "approve",
    "approve_as",
    "ask_ai",
    "begin_gmail",
    "change_rule",
    "classify_again",
    "connect_imap",
    "delete_follow_up_rule",
    "delete_rule",
    "disconnect",
    "draft_reply",
    "finish_gmail",
    "forward",
    "heed_notice",
    "mailbox_of",
    "note_new_password",
    "offer_follow_ups",
    "pause_mailbox",
    "propose",
    "reject",
    "reply",
    "resolve_doubt",
    "resume_mailbox",
    "revise",
    "run_rules",
    "save_rule",
    "send_email",
    "send_letter",
    "send_password_link",
    "set_automation",
    "set_follow_up_rule",
    "set_kill_switch",
    "stop_follow_up",
    "stop_sending",
    "summarise",
    "suppress",
    "suppress_for",
    "sync_mailbox",
    "try_rule",
    "undo",
]
