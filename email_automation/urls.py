"""Addresses of the mail part below /api/."""

from django.urls import path

from email_automation import api

urlpatterns = [
    path("mail/sync", api.Sync.as_view(), name="mail-sync"),
    path("mail/send", api.Send.as_view(), name="mail-send"),
    path("mail/messages", api.MessageList.as_view(), name="mail-messages"),
    path("ai/requests", api.AIRequests.as_view(), name="ai-requests"),
]
