"""The envelope of every answer, and errors as answers."""

from __future__ import annotations

from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response

from jobs.errors import JobNotFound, Refused, WrongState


def ok(data: Any, status: int = 200, message: str = "") -> Response:
    """`{"success": true, "message": ..., "data": ...}`."""
    return Response({"success": True, "message": message, "data": data}, status=status)


def error(code: str, text: str, status: int, field: str | None = None) -> Response:
    """`{"success": false, "error": text, "code": code}`, and the field at fault where there is one."""
    body = {"success": False, "error": text, "code": code}
    return Response(body | ({"field": field} if field else {}), status=status)


def on_exception(exception: Exception, context: dict[str, Any]) -> Response | None:
    """Django REST framework's exception handler."""
    match exception:
        case JobNotFound():
            return error(exception.code, str(exception), status.HTTP_404_NOT_FOUND, exception.field)
        case WrongState():
            return error(exception.code, str(exception), status.HTTP_409_CONFLICT, exception.field)
        case Refused():
            return error(exception.code, str(exception), status.HTTP_400_BAD_REQUEST, exception.field)
        case OperationalError() | InterfaceError():
            text = "The database is away. Try again soon."
            return error("QUEUE_UNAVAILABLE", text, status.HTTP_503_SERVICE_UNAVAILABLE)
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            text = "Log in, or send `Authorization: Token ...` (made by `manage.py token USER`)."
            return error("AUTHENTICATION_REQUIRED", text, status.HTTP_401_UNAUTHORIZED)
        case exceptions.PermissionDenied():
            return error("UNAUTHORIZED", "That is not yours.", status.HTTP_403_FORBIDDEN)
        case exceptions.ValidationError():
            field, text = _first_of(exception.detail)
            return error("INVALID_REQUEST", text, status.HTTP_400_BAD_REQUEST, field)
        case exceptions.APIException():
            return error(exception.default_code.upper(), str(exception.detail), exception.status_code)
        case Http404():
            return error("NOT_FOUND", "There is no such thing.", status.HTTP_404_NOT_FOUND)
        case _:
            return None


def _first_of(detail: Any) -> tuple[str | None, str]:
    if isinstance(detail, dict):
        name, problems = next(iter(detail.items()))
        inner, text = _first_of(problems)
        field = name if name != "non_field_errors" else None
        return ".".join(part for part in (field, inner) if part) or None, text
    if isinstance(detail, list):
        return _first_of(detail[0]) if detail else (None, "Invalid.")
    return None, str(detail)
