"""Tokens of a preview: what was shown, for its user alone, so that it cannot become more in between."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core import signing
from rest_framework import exceptions
from rest_framework.request import Request

VALID_FOR = 3_600  # seconds


def sign(request: Request, act: str, chosen: Any, until: datetime) -> str:
    """A token for an act on what is chosen; `chosen` is JSON."""
    return signing.dumps({"user": request.user.pk, "until": until.isoformat(), "of": chosen}, salt=_salt(act))


def read(request: Request, act: str, token: str) -> tuple[Any, datetime]:
    """What was chosen, and until when it counts.

    Raises:
        ValidationError: it is forged, too old, another user's, or of another act.
    """
    try:
        said = signing.loads(token, salt=_salt(act), max_age=VALID_FOR)
    except signing.BadSignature:
        said = {}
    if said.get("user") != request.user.pk:
        raise exceptions.ValidationError({"token": "No valid token of yours. Ask with dry_run: true for one."})
    return said["of"], datetime.fromisoformat(said["until"])


def required() -> exceptions.ValidationError:
    return exceptions.ValidationError(
        {"token": "Ask with dry_run: true first, look at the answer, then send its token."}
    )


def _salt(act: str) -> str:
    return f"jobs.{act}"
