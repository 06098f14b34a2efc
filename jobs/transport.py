"""A Redis transport for Celery that survives any message, and keeps no books that the ledger keeps better.

Malformed messages can stop a whole fleet of plain Celery workers (they exit, or reconnect for ever): here they are
quarantined. Overrides private methods of kombu 5.7's Redis channel; the fault suite guards them.
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from queue import Empty
from typing import Any

from kombu import Queue
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import redis as kombu_redis

SIZE_LIMIT = 65_536  # bytes


def install() -> None:
    """Use this transport for every Redis URL."""
    for alias in ("redis", "rediss", "redis+socket"):
        TRANSPORT_ALIASES[alias] = "jobs.transport:Transport"


def broker_queues() -> list[Queue]:
    """The queues as Celery knows them. Nothing is acknowledged: the ledger knows what runs."""
    from jobs.queues import QUEUES

    return [Queue(name, routing_key=name, no_ack=True) for name in QUEUES]


class Channel(kombu_redis.Channel):
    def _brpop_read(self, **options: Any) -> bool:
        try:
            try:
                answer = self.client.parse_response(self.client.connection, "BRPOP", **options)
            except self.connection_errors:
                self.client.connection.disconnect()
                raise
            if not answer:
                raise Empty
            key, item = answer
            queue = key.decode().rsplit(self.sep, 1)[0]
            self._queue_cycle.rotate(queue)
            self._deliver_if_sound(item, queue)
            return True
        finally:
            self._in_poll = None
            self._flush_brpop_reauth()

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        if self._keeps(delivery_tag):
            super().basic_ack(delivery_tag, multiple)

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        if self._keeps(delivery_tag):
            super().basic_reject(delivery_tag, requeue)

    def _keeps(self, delivery_tag: str) -> bool:
        return delivery_tag in self.qos._delivered

    def _deliver_if_sound(self, item: bytes, queue: str) -> None:
        try:
            message = sound(item, queue)
        except Malformed as error:
            from jobs import quarantine  # needs Django's models, which Celery's configuration comes before

            quarantine.keep(item, queue, str(error))
        else:
            self.connection._deliver(message, queue)


class Transport(kombu_redis.Transport):
    Channel = Channel


class Malformed(ValueError):
    """A message that no sender of ours made."""


def sound(item: bytes, queue: str) -> dict[str, Any]:
    """A queue's message, checked. Replies and control messages are Celery's own and only need to be an object.

    Raises:
        Malformed: saying what is wrong.
    """
    from jobs.queues import QUEUES

    if len(item) > SIZE_LIMIT and queue in QUEUES:
        raise Malformed(f"larger than {SIZE_LIMIT} bytes")
    try:
        message = json.loads(item)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {type(error).__name__}") from None
    if not isinstance(message, dict):
        raise Malformed("not an object")
    if queue in QUEUES:
        _check_doorbell(message)
    return message


def _check_doorbell(message: dict[str, Any]) -> None:
    headers, properties = message.get("headers"), message.get("properties")
    if not isinstance(headers, dict) or not isinstance(properties, dict):
        raise Malformed("no headers or properties")
    if not isinstance(headers.get("task"), str):
        raise Malformed("no task name")
    try:
        uuid.UUID(headers["id"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Malformed("no job id") from None
    if headers.get("eta") or headers.get("expires"):
        raise Malformed("has a time: those stand in the ledger")
    if not isinstance(properties.get("delivery_tag"), str) or not isinstance(properties.get("delivery_info"), dict):
        raise Malformed("no delivery tag or info")
    if message.get("content-type") != "application/json" or message.get("content-encoding") != "utf-8":
        raise Malformed("content type is not JSON")
    _check_limits(headers.get("timelimit"))
    _check_body(message.get("body"), properties.get("body_encoding"))


def _check_limits(limits: Any) -> None:
    sound = limits is None or (
        isinstance(limits, list)
        and len(limits) == 2
        and all(limit is None or (isinstance(limit, int | float) and 0 < limit < 10**7) for limit in limits)
    )
    if not sound:
        raise Malformed("time limits are not two numbers")


def _check_body(body: Any, encoding: Any) -> None:
    try:
        parts = json.loads(base64.b64decode(body, validate=True) if encoding == "base64" else body)
    except (TypeError, ValueError, binascii.Error, RecursionError):
        raise Malformed("body cannot be read") from None
    if (
        not isinstance(parts, list)
        or len(parts) != 3
        or parts[0] != []
        or parts[1] != {}
        or not isinstance(parts[2], dict)
    ):
        raise Malformed("body is not empty: arguments come with the claim")
