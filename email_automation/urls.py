"""Addresses of the mail part below /api/."""

from django.urls import path

from email_automation.api import accounts, automation, followups, mail, mailboxes, messages, push, rules

urlpatterns = [
    path("mail/sync", mailboxes.Sync.as_view(), name="mail-sync"),
    path("mail/send", mail.Send.as_view(), name="mail-send"),
    path("mail/gmail/push", push.push, name="gmail-push"),
    path("mail/messages", messages.MessageList.as_view(), name="mail-messages"),
    path("ai/requests", mail.AIRequests.as_view(), name="ai-requests"),
    path("mailboxes", mailboxes.MailboxList.as_view(), name="mailboxes"),
    path("mailboxes/connect/gmail", accounts.ConnectGmail.as_view(), name="connect-gmail"),
    path("mailboxes/connect/gmail/finish", accounts.FinishGmail.as_view(), name="finish-gmail"),
    path("mailboxes/connect/imap", accounts.ConnectImap.as_view(), name="connect-imap"),
    path("mailboxes/<int:mailbox_id>", mailboxes.MailboxDetail.as_view(), name="mailbox"),
    path("mailboxes/<int:mailbox_id>/disconnect", accounts.Disconnect.as_view(), name="disconnect-mailbox"),
    path("mailboxes/<int:mailbox_id>/sync", mailboxes.MailboxSync.as_view(), name="sync-mailbox"),
    path("mailboxes/<int:mailbox_id>/pause", mailboxes.MailboxPause.as_view(), name="pause-mailbox"),
    path("mailboxes/<int:mailbox_id>/resume", mailboxes.MailboxResume.as_view(), name="resume-mailbox"),
    path("messages", messages.MessageList.as_view(), name="messages"),
    path("messages/<int:message_id>", messages.MessageDetail.as_view(), name="message"),
    path("messages/<int:message_id>/timeline", messages.MessageTimeline.as_view(), name="message-timeline"),
    path("messages/<int:message_id>/rules", messages.MessageRules.as_view(), name="message-rules"),
    path("messages/<int:message_id>/actions", messages.MessageActions.as_view(), name="message-actions"),
    path("messages/<int:message_id>/draft", messages.MessageDraft.as_view(), name="message-draft"),
    path("automation", automation.Automation.as_view(), name="automation"),
    path("rules", rules.RuleList.as_view(), name="rules"),
    path("rules/try", rules.RuleTrial.as_view(), name="try-rule"),
    path("rules/<int:rule_id>", rules.RuleDetail.as_view(), name="rule"),
    path("follow-ups", followups.FollowUpList.as_view(), name="follow-ups"),
    path("follow-ups/<int:follow_up_id>/stop", followups.FollowUpStop.as_view(), name="stop-follow-up"),
    path("follow-up-rules", followups.FollowUpRules.as_view(), name="follow-up-rules"),
    path("follow-up-rules/usual", followups.UsualFollowUpRules.as_view(), name="usual-follow-up-rules"),
    path("follow-up-rules/<int:rule_id>", followups.FollowUpRuleDetail.as_view(), name="follow-up-rule"),
]
