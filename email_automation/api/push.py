"""`POST /api/mail/gmail/push`: Google Pub/Sub tells that an account has news.

It is no address for users: whoever posts has Google's token for us, or is told so. The answer to those who have is
always the same, so that it tells nobody which addresses are known.
"""

from __future__ import annotations

import base64
import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from email_automation import services
from email_automation.syncing.gmail_notices import NotFromGoogle, Notice, check_token, is_on

MAX_TOKEN = 8_192  # characters
MAX_BODY = 65_536  # bytes


@csrf_exempt
@require_POST
@never_cache
def push(request: HttpRequest) -> HttpResponse:
    """Enqueues a sync, and waits for nothing."""
    if not is_on():
        return _refusal(404, "NOT_FOUND", "There is no such thing.")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or len(token) > MAX_TOKEN:
        return _refusal(401, "AUTHENTICATION_REQUIRED", "Send Google's token: `Authorization: Bearer ...`.")
    try:
        check_token(token.strip())
    except NotFromGoogle as error:
        return _refusal(401, "AUTHENTICATION_REQUIRED", f"Not believed: {error}.")
    if notice := _notice(request):
        services.heed_notice(notice)
    return HttpResponse(status=204)


def _notice(request: HttpRequest) -> Notice | None:
    """None where it is not one: asking Pub/Sub to send it again would not make it one."""
    if int(request.headers.get("Content-Length") or 0) > MAX_BODY:
        return None
    try:
        told = json.loads(base64.b64decode(json.loads(request.body)["message"]["data"], altchars=b"-_"))
        return Notice(str(told["emailAddress"])[:320], int(told["historyId"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _refusal(status: int, code: str, text: str) -> JsonResponse:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return JsonResponse({"success": False, "error": text, "code": code}, status=status, headers=headers)
