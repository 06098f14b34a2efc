"""How often something happened in a window of time. Counted in Redis, so by all processes together."""

from __future__ import annotations

from collections import Counter
from time import time as now

from jobs import broker

_here: Counter[str] = Counter()  # while Redis is away, each process counts by itself


def count(name: str, window: int) -> int:
    """Count one more in this window of so many seconds. Returns how many there are."""
    return _add(1, name, window)


def take_back(name: str, window: int) -> None:
    """Count one less: it was none. The window may be another one by now, which has one more then."""
    _add(-1, name, window)


def left(window: int) -> float:
    """Seconds until the next window."""
    return window - now() % window


def _add(number: int, name: str, window: int) -> int:
    key = _key(name, window)
    if broker.is_redis() and not broker.is_open():
        try:
            return _add_in_redis(number, key, 2 * window)
        except broker.Unreachable as error:
            broker.trip(error)
    return _add_here(number, key)


def _add_in_redis(number: int, key: str, seconds: int) -> int:
    with broker.client().pipeline(transaction=False) as pipe:
        pipe.incrby(key, number)
        pipe.expire(key, seconds)
        return int(pipe.execute()[0])


def _key(name: str, window: int) -> str:
    return f"{broker.PREFIX}rate:{window}:{int(now() // window)}:{name}"


def _add_here(number: int, key: str) -> int:
    of_window, now, _ = key.removeprefix(f"{broker.PREFIX}rate:").split(":", 2)
    mine = f"{broker.PREFIX}rate:{of_window}:"
    for old in [each for each in _here if each.startswith(mine) and not each.startswith(f"{mine}{now}:")]:
        del _here[old]
    _here[key] += number
    return _here[key]
