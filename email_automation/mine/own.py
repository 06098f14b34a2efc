"""Who is at it, and what is theirs."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from email_automation.models import Mailbox, OutgoingMail
from jobs.models import Job

View = Callable[..., HttpResponse]


def for_owners(view: View) -> View:
    """After a login, and never from a cache."""
    return never_cache(login_required(view, login_url="login"))


def owner(request: HttpRequest) -> AbstractBaseUser:
    assert isinstance(request.user, AbstractBaseUser)
    return request.user


def mailboxes(request: HttpRequest) -> QuerySet[Mailbox]:
    return Mailbox.objects.filter(user_id=owner(request).pk).select_related("account").order_by("pk")


def mails(request: HttpRequest) -> QuerySet[OutgoingMail]:
    return OutgoingMail.objects.filter(user_id=owner(request).pk)


def jobs(request: HttpRequest) -> QuerySet[Job]:
    return Job.objects.filter(owner_id=owner(request).pk).order_by("-created_at", "-id")
