"""Pages of the platform's own within the admin: who may open them, and what is around them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from jobs import access
from jobs.access import Verb
from jobs.models.grant import User

View = Callable[..., HttpResponse]


def of_jobs(view: View) -> View:
    """A page for those who may see jobs; others are asked to log in, or refused."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may_see(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return admin.site.admin_view(guarded)


def may_see(user: User) -> bool:
    return access.may_somewhere(user, Verb.SEE)


def may_steer(user: User) -> bool:
    return access.may_somewhere(user, Verb.CANCEL)


def may_enqueue(user: User) -> bool:
    return access.may_somewhere(user, Verb.ENQUEUE) or user.has_perm(access.MAY_ENQUEUE)


def check_steer(request: HttpRequest) -> None:
    """Raises PermissionDenied."""
    if not may_steer(request.user):
        raise PermissionDenied


def shown(request: HttpRequest, name: str, title: str, **context: Any) -> HttpResponse:
    """The page of this name with this title."""
    around = {**admin.site.each_context(request), "title": title, "here": name}
    return TemplateResponse(request, f"admin/jobs/pages/{name}.html", around | context)
