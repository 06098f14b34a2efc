"""Addresses that recipients of our mail open: no login, and no more said than their link knows."""

from django.urls import path

from email_automation.sending.unsubscribe_page import unsubscribe

urlpatterns = [path("unsubscribe/<str:token>", unsubscribe, name="mail-unsubscribe")]
