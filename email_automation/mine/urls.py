"""Addresses of a person's own place."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from email_automation.mine import connecting, deciding, pages, passwords, steering

urlpatterns = [
    path("", pages.mine, name="mine"),
    path("login", LoginView.as_view(template_name="email_automation/mine/login.html", next_page="mine"), name="login"),
    path("logout", LogoutView.as_view(next_page="login"), name="logout"),
    path("forgotten", passwords.Forgotten.as_view(), name="forgotten"),
    path("forgotten/sent", passwords.sent, name="password-sent"),
    path("password/<slug:uidb64>.<slug:token>", passwords.NewPassword.as_view(), name="new-password"),
    path("connect/gmail", connecting.gmail, name="mine-connect-gmail"),
    path("connect/imap", connecting.imap, name="mine-connect-imap"),
    path("mailboxes/<int:mailbox_id>/<slug:verb>", steering.steer, name="mine-mailbox"),
    path("mail/<int:mail_id>", deciding.decide, name="mine-mail"),
]
