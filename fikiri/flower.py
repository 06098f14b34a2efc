"""Where Flower is, so that the admin can point there, and who may go."""

from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jobs.access import Verb, may


def address(_request: HttpRequest) -> dict[str, str]:
    """Context processor: `flower_url`, empty where no Flower runs."""
    return {"flower_url": settings.FLOWER_URL.rstrip("/")}


@never_cache
@require_safe
def access(request: HttpRequest) -> HttpResponse:
    """For a proxy that asks (nginx' auth_request): 204 and the name of staff who see every queue, as Flower shows all.

    Else 401, or 403 for who has logged in. What they may do there Flower asks by their name.
    """
    user = request.user
    if user.is_authenticated and user.is_staff and may(user, Verb.SEE):
        return HttpResponse(status=204, headers={"X-Fikiri-User": quote(user.get_username(), safe="@+.")})
    return HttpResponse(status=403 if user.is_authenticated else 401)
