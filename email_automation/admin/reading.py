"""Admin pages that only show."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from jobs.admin.lists import BoundedAdmin
from jobs.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.models import Job

    ModelAdminBase = admin.ModelAdmin[Any]
    InlineBase = admin.TabularInline[Any, Any]
else:
    ModelAdminBase = admin.ModelAdmin
    InlineBase = admin.TabularInline

MAX_SELECTED = 1000  # rows of one action


class NoHands:
    """Nobody adds, changes or deletes these by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(NoHands, BoundedAdmin):
    ordering = ("-id",)


class ReadOnlyInline(NoHands, InlineBase):
    extra = 0
    can_delete = False


def enqueue_each(
    request: HttpRequest,
    page: "admin.ModelAdmin[Any]",
    rows: QuerySet[Any],
    act: "Callable[[Any], Job | None]",
    what: str,
) -> None:
    """Ask a service for each selected row, and say how many jobs came of it and why the others did not."""
    refused: dict[str, int] = {}
    done = 0
    for row in rows[:MAX_SELECTED]:
        try:
            job = act(row)
        except Refused as error:
            refused[str(error)] = refused.get(str(error), 0) + 1
            continue
        done += 1
        page.log_change(request, row, f"{what}: job {job.pk if job else 'none'}")
    if done:
        page.message_user(request, f"{what}: {done} enqueued.", messages.SUCCESS)
    for reason, number in refused.items():
        page.message_user(request, f"{number} not: {reason}", messages.WARNING)


def has_perm(request: HttpRequest, model: type[Model], verb: str) -> bool:
    """May this person do that to rows of a model whose page is read-only?"""
    options = model._meta
    return bool(request.user.has_perm(f"{options.app_label}.{verb}_{options.model_name}"))


def person(request: HttpRequest) -> AbstractBaseUser:
    """Who is at it: the admin lets nobody in without a login."""
    assert isinstance(request.user, AbstractBaseUser)
    return request.user
