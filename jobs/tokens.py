"""Tokens for the REST API: made and revoked, each recorded; their secrets are kept nowhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from knox.models import AuthToken

from jobs import audit


@transaction.atomic
def make(owner: AbstractUser, *, days: int, by: str, prefix: str = "") -> tuple[Any, str]:
    """A new token: its row, and its secret, which is not shown again."""
    made, secret = AuthToken.objects.create(owner, expiry=timedelta(days=days), prefix=prefix)
    audit.record("make token", _subject(made), by=by, after={"expiry": made.expiry.isoformat()})
    return made, secret


@transaction.atomic
def revoke(token: Any, *, by: str) -> None:
    audit.record("revoke token", _subject(token), by=by)
    token.delete()


def _subject(token: Any) -> str:
    return f"token {token.token_key} of {token.user.get_username()}"
