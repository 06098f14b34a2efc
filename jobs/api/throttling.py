"""How many requests a user, and a token, may make in a minute. Counted in Redis, so by all web processes together."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from jobs import broker

WINDOW = 60  # seconds

_here: Counter[str] = Counter()  # while Redis is away, each process counts by itself


class PerUser(BaseThrottle):
    """The user's requests, whatever they log in with."""

    rate = "user"

    def allow_request(self, request: Request, view: Any) -> bool:
        limit, who = api_settings.DEFAULT_THROTTLE_RATES.get(self.rate), self.who(request)
        return not limit or who is None or count(f"{self.rate}:{who}") <= int(limit)

    def who(self, request: Request) -> str | None:
        return str(request.user.pk) if request.user.is_authenticated else None

    def wait(self) -> float:
        """Seconds until the next window."""
        return WINDOW - time.time() % WINDOW


class PerToken(PerUser):
    """Of one token, so that a program run wild leaves its user's others alone."""

    rate = "token"

    def who(self, request: Request) -> str | None:
        return getattr(request.auth, "digest", None)


def count(name: str) -> int:
    """Count one more in this minute. Returns how many there are."""
    key = f"{broker.PREFIX}rate:{name}:{int(time.time() // WINDOW)}"
    if broker.is_redis() and not broker.is_open():
        try:
            with broker.client().pipeline(transaction=False) as pipe:
                pipe.incr(key)
                pipe.expire(key, 2 * WINDOW)
                return int(pipe.execute()[0])
        except broker.Unreachable as error:
            broker.trip(error)
    return _count_here(key)


def _count_here(key: str) -> int:
    minute = key.rpartition(":")[2]
    for old in [each for each in _here if not each.endswith(minute)]:
        del _here[old]
    _here[key] += 1
    return _here[key]
