"""How many requests a user, and a token, may make in a minute."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from jobs import rates

WINDOW = 60  # seconds


class PerUser(BaseThrottle):
    """The user's requests, whatever they log in with."""

    rate = "user"
    limit, used = 0, 0  # of this minute; 0: none is set, or nobody is asked

    def allow_request(self, request: Request, view: Any) -> bool:
        limit, who = api_settings.DEFAULT_THROTTLE_RATES.get(self.rate), self.who(request)
        if not limit or who is None:
            return True
        self.limit, self.used = int(limit), rates.count(f"{self.rate}:{who}", WINDOW)
        return self.used <= self.limit

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


def told(throttles: Sequence[PerUser]) -> dict[str, str]:
    """Headers that say how much is left of this minute, by the rate of which the least is."""
    counted = [throttle for throttle in throttles if throttle.limit]
    if not counted:
        return {}
    least = min(counted, key=lambda throttle: throttle.limit - throttle.used)
    return {
        "RateLimit-Limit": str(least.limit),
        "RateLimit-Remaining": str(max(0, least.limit - least.used)),
        "RateLimit-Reset": str(math.ceil(least.wait())),
    }
