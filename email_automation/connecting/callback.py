"""Where Google sends the browser of an account's owner back to."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from email_automation import services
from email_automation.connecting.oauth import NotConnected


def redirect_uri(request: HttpRequest) -> str:
    """Of this site, or as the settings say. It is registered at Google, which sends nobody anywhere else."""
    return settings.GOOGLE_REDIRECT_URI or request.build_absolute_uri(reverse("gmail-callback"))


@never_cache
@require_GET
@login_required(login_url="login")
def gmail_callback(request: HttpRequest) -> HttpResponse:
    """Finish what this person began; anybody else, and a second time, is refused."""
    assert isinstance(request.user, AbstractBaseUser)
    try:
        connected = services.finish_gmail(request.user, request.GET.dict())
    except NotConnected as problem:
        return _told(request, messages.ERROR, str(problem))
    return _told(request, messages.WARNING if connected.missing else messages.SUCCESS, str(connected))


def _told(request: HttpRequest, level: int, text: str) -> HttpResponse:
    """Where they began: staff on the admin's page of mailboxes, all others in their own place."""
    messages.add_message(request, level, text)
    is_staff = getattr(request.user, "is_staff", False)
    return redirect("admin:email_automation_mailbox_changelist" if is_staff else "mine")
