"""What a token may be used for: its prefix says it, and is part of what is hashed."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request


class Scope(StrEnum):
    """Each includes the ones before it. None allows more than its user may do."""

    READ = "read"
    ACT = "act"  # jobs and batches: enqueue, cancel, run again
    ADMIN = "admin"  # also what concerns everybody: queues, tasks, schedules, effects in doubt

    @property
    def prefix(self) -> str:
        """How its tokens begin."""
        return f"fk-{self}-"


class TooSmall(PermissionDenied):
    default_code = "token_scope"


class HasScope(BasePermission):
    """Refuses a token for more than it was made for. A session may do all that its user may."""

    def has_permission(self, request: Request, view: Any) -> bool:
        needed = Scope.READ if request.method in SAFE_METHODS else getattr(view, "scope", Scope.ACT)
        had = scope_of(request.auth)
        if list(Scope).index(had) < list(Scope).index(needed):
            raise TooSmall(f"This token is for {had!s}; this needs one for {needed!s}.")
        return True


def scope_of(token: Any) -> Scope:
    """Of a token; everything for a session, and for tokens made before there were scopes."""
    key = getattr(token, "token_key", "")
    return next((scope for scope in Scope if key.startswith(scope.prefix)), Scope.ADMIN)
