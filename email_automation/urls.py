"""Addresses of the mail part below /api/."""

from django.urls import path

from email_automation import api, api_accounts

urlpatterns = [
    path("mail/sync", api.Sync.as_view(), name="mail-sync"),
    path("mail/send", api.Send.as_view(), name="mail-send"),
    path("mail/messages", api.MessageList.as_view(), name="mail-messages"),
    path("ai/requests", api.AIRequests.as_view(), name="ai-requests"),
    path("mailboxes", api_accounts.MailboxList.as_view(), name="mailboxes"),
    path("mailboxes/connect/gmail", api_accounts.ConnectGmail.as_view(), name="connect-gmail"),
    path("mailboxes/connect/gmail/finish", api_accounts.FinishGmail.as_view(), name="finish-gmail"),
    path("mailboxes/<int:mailbox_id>/disconnect", api_accounts.Disconnect.as_view(), name="disconnect-mailbox"),
]
