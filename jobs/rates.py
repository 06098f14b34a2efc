"""How often something happened in a window of time. Counted in Redis, so by all processes together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from time import time as now
from typing import Any

from jobs import broker

_here: Counter[str] = Counter()  # while Redis is away, each process counts by itself


def count(name: str, window: int) -> int:
    """Count one more in this window of so many seconds. Returns how many there are."""
    key = _key(name, window)

    def add(client: Any) -> int:
        with client.pipeline(transaction=False) as pipe:
            pipe.incr(key)
            pipe.expire(key, 2 * window)
            return int(pipe.execute()[0])

    return _in_redis(add, lambda: _count_here(key))


def counted(name: str, window: int) -> int:
    """How many there are in this window."""
    key = _key(name, window)
    return _in_redis(lambda client: int(client.get(key) or 0), lambda: _here[key])


def left(window: int) -> float:
    """Seconds until the next window."""
    return window - now() % window


def _in_redis(ask: Callable[[Any], int], here: Callable[[], int]) -> int:
    if broker.is_redis() and not broker.is_open():
        try:
            return ask(broker.client())
        except broker.Unreachable as error:
            broker.trip(error)
    return here()


def _key(name: str, window: int) -> str:
    return f"{broker.PREFIX}rate:{window}:{int(now() // window)}:{name}"


def _count_here(key: str) -> int:
    of_window, now, _ = key.removeprefix(f"{broker.PREFIX}rate:").split(":", 2)
    mine = f"{broker.PREFIX}rate:{of_window}:"
    for old in [each for each in _here if each.startswith(mine) and not each.startswith(f"{mine}{now}:")]:
        del _here[old]
    _here[key] += 1
    return _here[key]
