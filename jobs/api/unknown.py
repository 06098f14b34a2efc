"""An address under /api/ that there is not."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt
def unknown(request: HttpRequest) -> JsonResponse:
    """The same shape as every other error, also for a stranger."""
    body = {"success": False, "error": f"There is no {request.path[:200]}.", "code": "NOT_FOUND"}
    return JsonResponse(body, status=404)
