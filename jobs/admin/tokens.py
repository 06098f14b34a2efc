"""API tokens: seen and revoked here, made by `manage.py token`. Their secrets are kept nowhere."""

from __future__ import annotations

from typing import Any, ClassVar

import knox.admin  # noqa: F401 - registers what is replaced here, so it must come first
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from knox.models import AuthToken

from jobs import access, tokens
from jobs.access import Verb
from jobs.admin.readonly import RecordAdmin

admin.site.unregister(AuthToken)


@admin.register(AuthToken)
class AuthTokenAdmin(RecordAdmin):
    list_display = ("user", "token_key", "created", "expiry")
    list_select_related = ("user",)
    search_fields: ClassVar[Any] = ("user__username",)
    fields = ("user", "token_key", "created", "expiry")

    verb = Verb.GRANT
    platform_wide = True

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return access.may(request.user, Verb.GRANT)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        tokens.revoke(obj, by=request.user.get_username())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for token in queryset.select_related("user"):
            self.delete_model(request, token)
