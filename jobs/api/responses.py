"""The envelope of every answer, and errors as answers."""

from __future__ import annotations

import math
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response

from jobs.api.once import Answered
from jobs.api.scopes import TooSmall
from jobs.errors import JobNotFound, KeyTaken, Refused, WrongState

AUTHENTICATE = "Log in, or send `Authorization: Token ...` (made by `manage.py token USER`)."


def ok(data: Any, status: int = 200, message: str = "", headers: dict[str, str] | None = None) -> Response:
    """`{"success": true, "message": ..., "data": ...}`."""
    return Response({"success": True, "message": message, "data": data}, status=status, headers=headers)


def error(
    code: str, text: str, status: int, field: str | None = None, headers: dict[str, str] | None = None
) -> Response:
    """`{"success": false, "error": text, "code": code}`, and the field at fault where there is one."""
    body = {"success": False, "error": text, "code": code}
    return Response(body | ({"field": field} if field else {}), status=status, headers=headers)


def on_exception(exception: Exception, context: dict[str, Any]) -> Response | None:
    """Django REST framework's exception handler."""
    match exception:
        case Answered():
            return exception.response
        case Refused():
            return error(exception.code, str(exception), _status(exception), exception.field)
        case OperationalError() | InterfaceError():
            text = "The database is away. Try again soon."
            return error("QUEUE_UNAVAILABLE", text, status.HTTP_503_SERVICE_UNAVAILABLE)
        case Http404():
            return error("NOT_FOUND", "There is no such thing.", status.HTTP_404_NOT_FOUND)
        case PermissionDenied():
            return _denied(str(exception))
        case RequestDataTooBig():
            text = "The body is too large. Store what is large and pass its id."
            return error("REQUEST_TOO_LARGE", text, status.HTTP_413_REQUEST_ENTITY_TOO_LARGE)
        case exceptions.APIException():
            return _of_the_framework(exception, context.get("view"))
        case _:
            return None


def _status(refusal: Refused) -> int:
    match refusal:
        case JobNotFound():
            return status.HTTP_404_NOT_FOUND
        case WrongState() | KeyTaken():
            return status.HTTP_409_CONFLICT
        case _:
            return status.HTTP_400_BAD_REQUEST


def _of_the_framework(exception: exceptions.APIException, view: Any) -> Response:
    match exception:
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            scheme = {"WWW-Authenticate": getattr(exception, "auth_header", None) or "Token"}
            return error("AUTHENTICATION_REQUIRED", AUTHENTICATE, status.HTTP_401_UNAUTHORIZED, headers=scheme)
        case TooSmall():
            return error("TOKEN_SCOPE", str(exception.detail), status.HTTP_403_FORBIDDEN)
        case exceptions.PermissionDenied():
            return _denied(str(exception.detail))
        case exceptions.Throttled():
            wait = math.ceil(getattr(exception, "wait", None) or 1)
            text = f"Too many requests. Ask again in {wait} s."
            return error("THROTTLED", text, status.HTTP_429_TOO_MANY_REQUESTS, headers={"Retry-After": str(wait)})
        case exceptions.ValidationError():
            field, text = _first_of(exception.detail)
            return error("INVALID_REQUEST", text, status.HTTP_400_BAD_REQUEST, field)
        case _:
            text = _remedy(exception, view) or str(exception.detail)
            return error(exception.default_code.upper(), text, exception.status_code)


def _remedy(exception: exceptions.APIException, view: Any) -> str:
    """What this address takes, for who asked in a way that none of ours understands."""
    match exception:
        case exceptions.MethodNotAllowed():
            others = [method for method in view.allowed_methods if method != view.request.method]
            return f"There is no {view.request.method} here, only {', '.join(others)}."
        case exceptions.UnsupportedMediaType():
            return f"Send the body as {' or '.join(parser.media_type for parser in view.parser_classes)}."
        case exceptions.NotAcceptable():
            spoken = " or ".join(renderer.media_type for renderer in view.renderer_classes)
            return f"Only {spoken} is answered here: ask for it, or leave Accept out."
        case _:
            return ""


def _denied(text: str) -> Response:
    if text.startswith("CSRF"):  # the framework's only mark of it
        remedy = "A request with a session cookie needs the X-CSRFToken header."
        return error("CSRF_FAILED", remedy, status.HTTP_403_FORBIDDEN)
    return error("UNAUTHORIZED", "That is not yours to see or do.", status.HTTP_403_FORBIDDEN)


def _first_of(detail: Any) -> tuple[str | None, str]:
    if isinstance(detail, dict):
        name, problems = next(iter(detail.items()))
        inner, text = _first_of(problems)
        field = name if name != "non_field_errors" else None
        return ".".join(str(part) for part in (field, inner) if part is not None) or None, text
    if isinstance(detail, list):
        return _first_of(detail[0]) if detail else (None, "Invalid.")
    return None, str(detail)
