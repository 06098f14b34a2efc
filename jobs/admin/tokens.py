"""API tokens: seen and revoked here, made by `manage.py token`. Their secrets are kept nowhere."""

from __future__ import annotations

from typing import Any, ClassVar

import knox.admin  # noqa: F401 - registers what is replaced here, so it must come first
from django.contrib import admin
from django.http import HttpRequest
from knox.models import AuthToken

from jobs.admin.readonly import RecordAdmin

admin.site.unregister(AuthToken)


@admin.register(AuthToken)
class AuthTokenAdmin(RecordAdmin):
    list_display = ("user", "token_key", "created", "expiry")
    list_select_related = ("user",)
    search_fields: ClassVar[Any] = ("user__username",)
    fields = ("user", "token_key", "created", "expiry")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("knox.delete_authtoken")
