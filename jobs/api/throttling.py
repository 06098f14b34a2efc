"""How many requests a user, and a token, may make in a minute."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from jobs import rates

WINDOW = 60  # seconds


class PerUser(BaseThrottle):
    """The user's requests, whatever they log in with."""

    rate = "user"

    def allow_request(self, request: Request, view: Any) -> bool:
        limit, who = api_settings.DEFAULT_THROTTLE_RATES.get(self.rate), self.who(request)
        return not limit or who is None or rates.count(f"{self.rate}:{who}", WINDOW) <= int(limit)

    def who(self, request: Request) -> str | None:
        return str(request.user.pk) if request.user.is_authenticated else None

    def wait(self) -> float:
        """Seconds until the next window."""
        return rates.left(WINDOW)


class PerToken(PerUser):
    """Of one token, so that a program run wild leaves its user's others alone."""

    rate = "token"

    def who(self, request: Request) -> str | None:
        return getattr(request.auth, "digest", None)
