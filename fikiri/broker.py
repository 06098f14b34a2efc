"""A plain Redis client for the broker's URL, for asking how it is."""

from urllib.parse import unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def connect(url: str, timeout: float) -> redis.Redis:
    """A client for a broker URL, Celery's `redis+socket://` form included.

    `timeout` is in seconds and holds for connecting and for each answer; nothing is tried twice.
    """
    if url.startswith("redis+socket://"):
        parts = urlsplit(url)
        return redis.Redis(
            unix_socket_path=unquote(parts.netloc + parts.path),
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
        )
    return redis.Redis.from_url(
        url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=Retry(NoBackoff(), 0)
    )
