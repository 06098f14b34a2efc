"""The page behind an unsubscribe link. Looking at it changes nothing: scanners of mail open every link."""

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from email_automation.sending import unsubscribing


@csrf_exempt  # mail programs post without cookies; the link itself is the proof
@never_cache
@require_http_methods(["GET", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, POST does it: with one click of the mail program, or with the page's button."""
    address = unsubscribing.address_of(token)
    if address is None:
        return _page(request, "unknown", status=404)
    if request.method == "POST":
        unsubscribing.unsubscribe(token)
        return _page(request, "done", address)
    return _page(request, "asks", address)


def _page(request: HttpRequest, state: str, address: str = "", status: int = 200) -> HttpResponse:
    context = {"state": state, "address": address}
    return TemplateResponse(request, "email_automation/unsubscribe.html", context, status=status).render()
