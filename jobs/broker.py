"""The platform's own connection to Redis: short time-outs, no retries, and a breaker that remembers an outage.

A process pays for an outage once; after that enqueueing does not touch the broker until a background thread has
reached it again.
"""

from __future__ import annotations

import os
import threading
import time
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import redis
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from jobs import forking
from jobs.config import config

PREFIX = "fikiri:"
PROBE_EVERY = 0.5  # seconds
IDLE = 1.0  # seconds after which a connection may have been closed by the other side
Unreachable = (redis.RedisError, OSError)  # a broker that answers nonsense is as good as away

log = structlog.stdlib.get_logger("jobs")


def is_redis() -> bool:
    """Whether the broker is Redis; on other transports doorbells go through kombu."""
    return urlsplit(settings.REDIS_URL).scheme in ("redis", "rediss", "redis+socket", "unix")


def client() -> redis.Redis:
    """This process's client."""
    return _client(os.getpid(), settings.REDIS_URL)


def ask(*command: str) -> Any:
    """Send a command on a connection of this thread's own, and return the answer. Raises one of `Unreachable`."""
    return _line.ask(*command)


def is_open() -> bool:
    """Whether the breaker is open: the broker was away when last tried."""
    return _breaker(os.getpid()).opened.is_set()


def trip(error: BaseException) -> None:
    """Remember that the broker is away."""
    _breaker(os.getpid()).trip(error)


def reset() -> None:
    """Forget what is known of the broker, and stop looking for it. For tests."""
    _breaker(os.getpid()).opened.clear()
    _breaker.cache_clear()
    _client.cache_clear()


class Line(threading.local):
    """A connection without the client's pool: what that does around a command costs more than the command."""

    connection: Any = None
    client: redis.Redis | None = None
    used = 0.0

    def ask(self, *command: str) -> Any:
        self._prepare()
        try:
            self.connection.send_command(*command)
            answer = self.connection.read_response()
        except BaseException as error:
            # Also a time limit's, which may strike between the two: the next command must not read this one's answer.
            if not isinstance(error, redis.ResponseError):
                self.connection.disconnect()
            raise
        self.used = time.monotonic()
        return answer

    def _prepare(self) -> None:
        """Connect anew in a new process, and where Redis has hung up meanwhile."""
        if self.client is not client():
            self.client = client()
            self.connection = self.client.connection_pool.make_connection()
        elif time.monotonic() - self.used > IDLE and self.connection.is_connected and self._is_over():
            self.connection.disconnect()

    def _is_over(self) -> bool:
        try:
            return bool(self.connection.can_read())  # its end, or an answer that nobody waited for
        except Unreachable:
            return True


_line = Line()


@cache
def _client(pid: int, url: str) -> redis.Redis:
    timeout = config().PUSH_TIMEOUT
    return redis.Redis.from_url(
        _plain_url(url),
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )


def _plain_url(url: str) -> str:
    """redis-py's form of kombu's `redis+socket:///path?virtual_host=0`."""
    parts = urlsplit(url)
    if parts.scheme != "redis+socket":
        return url
    database = parse_qs(parts.query).get("virtual_host", ["0"])[0]
    return f"unix://{parts.path}?db={database}"


class Breaker:
    def __init__(self) -> None:
        self.opened = threading.Event()
        self._lock = threading.Lock()

    def trip(self, error: BaseException) -> None:
        with self._lock:
            if self.opened.is_set():
                return
            self.opened.set()
        log.warning("broker away", action="breaker_opened", error=type(error).__name__)
        threading.Thread(target=self._probe, name="broker-probe", daemon=True).start()

    def _probe(self) -> None:
        pause = threading.Event()
        while self.opened.is_set():
            try:
                with forking.held_off():
                    client().ping()
            except Unreachable:
                pause.wait(PROBE_EVERY)
            else:
                self.opened.clear()
                log.info("broker back", action="breaker_closed")


@cache
def _breaker(pid: int) -> Breaker:
    return Breaker()
