"""Where Flower is, so that the admin can point there."""

from django.conf import settings
from django.http import HttpRequest


def address(_request: HttpRequest) -> dict[str, str]:
    """Context processor: `flower_url`, empty where no Flower runs."""
    return {"flower_url": settings.FLOWER_URL}
