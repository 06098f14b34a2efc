"""A post under an `Idempotency-Key` is done once; the same again gets the same answer."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import re
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.clock import Now, literal
from jobs.models import IdempotencyKey

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT_HEADERS = ("Location",)
ABANDONED = 600.0  # seconds after which a request that never answered counts as one that died
_KEY = re.compile(r"[!-~]{1,200}")


class Answered(Exception):
    """The request was answered before: with this."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class InProgress(exceptions.APIException):
    status_code = 409
    default_detail = "The same request is being done. Ask again soon."
    default_code = "IN_PROGRESS"


class KeyReused(exceptions.APIException):
    status_code = 422
    default_detail = f"This {HEADER} came with another request before. Give each request a key of its own."
    default_code = "KEY_REUSED"


class Once:
    """A request under way that holds a key."""

    def __init__(self, row: IdempotencyKey) -> None:
        self._row = row

    def keep(self, response: Response) -> None:
        """Remember the answer. One that refused did nothing: the key is free again."""
        if response.status_code >= 400:
            self.forget()
            return
        headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        data = json.loads(JSONRenderer().render(response.data))
        self._mine().update(status=response.status_code, answer={"data": data, "headers": headers})

    def forget(self) -> None:
        # Where the database is away, the key is left to be taken over.
        with contextlib.suppress(DatabaseError):
            self._mine().delete()

    def _mine(self) -> Any:
        """The row, unless another request has taken it over."""
        return IdempotencyKey.objects.filter(pk=self._row.pk, status=None, created_at=literal(self._row.created_at))


def begin(request: Request) -> Once | None:
    """Hold the request's key while it is being done; None without one.

    Raises:
        Answered: with the answer of the first time.
        InProgress, KeyReused, ValidationError: it cannot be done under this key.
    """
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST":
        return None
    if not _KEY.fullmatch(key):
        raise exceptions.ValidationError({HEADER: f"{HEADER} is 1 to 200 visible ASCII characters."})
    body_hash = _hash(request)
    row, created = IdempotencyKey.objects.get_or_create(
        owner_id=request.user.pk or 0, key=key, defaults={"body_hash": body_hash, "created_at": Now()}
    )
    if not created:
        return _again(row, body_hash)
    row.refresh_from_db(fields=["created_at"])  # the database's time
    return Once(row)


def _again(row: IdempotencyKey, body_hash: str) -> Once:
    if row.body_hash != body_hash:
        raise KeyReused
    if row.status is not None:
        answer: Any = row.answer
        raise Answered(Response(answer["data"], row.status, headers=answer["headers"] | {REPLAYED: "true"}))
    seen = IdempotencyKey.objects.filter(pk=row.pk, status=None, created_at=literal(row.created_at))
    if not seen.filter(created_at__lt=Now(-ABANDONED)).update(created_at=Now()):
        raise InProgress
    row.refresh_from_db()
    return Once(row)


def _hash(request: Request) -> str:
    """Of all that says what is wanted. Keyed: a body may hold a password, which is not to be guessed from it."""
    said = [request.method or "", request.get_full_path(), request.content_type or ""]
    text = "\n".join(said).encode() + b"\n" + request.body
    return hmac.new(settings.SECRET_KEY.encode(), text, hashlib.sha256).hexdigest()
