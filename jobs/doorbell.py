"""Ringing: telling the workers of a queue that a job may be ready.

A message holds the task's name and the job's id, nothing of its content. It can be lost or doubled and nothing happens.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Sequence
from functools import cache

import celery
from kombu.exceptions import OperationalError
from redis.exceptions import NoScriptError

from jobs import broker
from jobs.broker import PREFIX, Unreachable
from jobs.config import config
from jobs.lifecycle import Due

REFUSED_FOR = 0.1  # seconds during which a queue that was full is not tried again by this process

# How much a queue's list may hold stands beside it; 0 while there is a backlog, which only the dispatcher may ring.
PUSH = """
local room = tonumber(redis.call('GET', KEYS[2]) or ARGV[1]) - redis.call('LLEN', KEYS[1])
local taken = math.min(room, #ARGV - 1)
if taken > 0 then redis.call('LPUSH', KEYS[1], unpack(ARGV, 2, taken + 1)) end
return math.max(taken, 0)
"""

_PUSH_HASH = hashlib.sha1(PUSH.encode(), usedforsecurity=False).hexdigest()
_refused_until: dict[str, float] = {}


def list_key(queue: str) -> str:
    return f"{PREFIX}{queue}"


def buffer_key(queue: str) -> str:
    return f"{PREFIX}buffer:{queue}"


def is_connected() -> bool:
    """Whether the broker answers now."""
    if not broker.is_redis():
        return _kombu_answers()
    try:
        return bool(broker.client().ping())
    except Unreachable as error:
        broker.trip(error)
        return False


def is_willing(queue: str) -> bool:
    """Whether it makes sense for an enqueuer to ring this queue now."""
    return not broker.is_open() and time.monotonic() >= _refused_until.get(queue, 0)


def room(queue: str) -> int:
    """How many rings of an enqueuer the queue would take now; they may be fewer when it comes to it."""
    if not is_willing(queue):
        return 0
    if not broker.is_redis():
        return config().BUFFER_LIMIT
    try:
        with broker.client().pipeline(transaction=False) as pipeline:
            pipeline.get(buffer_key(queue))
            pipeline.llen(list_key(queue))
            limit, length = pipeline.execute()
    except Unreachable as error:
        broker.trip(error)
        return 0
    return min(max(0, int(config().BUFFER if limit is None else limit) - int(length)), config().BUFFER_LIMIT)


def push(queue: str, rings: Sequence[Due]) -> int:
    """Ring as an enqueuer: only while the queue has no backlog. Returns how many were taken, from the first on."""
    if not broker.is_redis():
        return _publish(queue, rings)
    rings = rings[: config().BUFFER_LIMIT]
    try:
        taken = _push(queue, [render(ring, queue) for ring in rings])
    except Unreachable as error:
        broker.trip(error)
        return 0
    if taken < len(rings):
        _refused_until[queue] = time.monotonic() + REFUSED_FOR
    return taken


def push_as_dispatcher(queue: str, rings: Sequence[Due]) -> None:
    """Ring whatever the buffer says. Raises one of `broker.Unreachable`."""
    if not broker.is_redis():
        _publish(queue, rings)
    elif rings:
        broker.client().lpush(list_key(queue), *(render(ring, queue) for ring in rings))


def render(ring: Due, queue: str) -> str:
    """The message as kombu would push it."""
    head, middle, tail = _template(ring.task, queue, ring.soft_time_limit, ring.time_limit)
    job_id = str(ring.id)
    return f"{head}{job_id}{middle}{ring.at.isoformat()}{tail}".replace("@ID@", job_id)


@cache
def _template(task: str, queue: str, soft: float, hard: float) -> tuple[str, str, str]:
    body = base64.b64encode(b'[[], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]').decode()
    envelope = {
        "body": body,
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {
            "lang": "py",
            "task": task,
            "id": "@HEAD@",
            "rung_at": "@AT@",
            "shadow": None,
            "eta": None,
            "expires": None,
            "group": None,
            "group_index": None,
            "retries": 0,
            "timelimit": [hard, soft],
            "root_id": "@ID@",
            "parent_id": None,
            "argsrepr": "",
            "kwargsrepr": "",
            "origin": "ledger",
            "ignore_result": False,
            "replaced_task_nesting": 0,
            "stamped_headers": None,
            "stamps": {},
        },
        "properties": {
            "correlation_id": "@ID@",
            "reply_to": "",
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": "@ID@",
        },
    }
    head, rest = json.dumps(envelope).split("@HEAD@")
    middle, tail = rest.split("@AT@")
    return head, middle, tail


def _push(queue: str, messages: list[str]) -> int:
    """Redis keeps the script under its hash until it is restarted."""
    asked = ("2", list_key(queue), buffer_key(queue), str(config().BUFFER), *messages)
    try:
        return int(broker.ask("EVALSHA", _PUSH_HASH, *asked))
    except NoScriptError:
        return int(broker.ask("EVAL", PUSH, *asked))


def _publish(queue: str, rings: Sequence[Due]) -> int:
    """Ring through kombu, on a transport other than Redis. Returns how many were taken."""
    app = celery.current_app
    taken = 0
    try:
        with app.producer_or_acquire() as producer:
            for ring in rings:
                message = app.amqp.as_task_v2(
                    str(ring.id),
                    ring.task,
                    argsrepr="",
                    kwargsrepr="",
                    time_limit=int(ring.time_limit),
                    soft_time_limit=int(ring.soft_time_limit),
                    origin="ledger",
                )
                app.amqp.send_task_message(producer, ring.task, message, queue=queue, retry=False)
                taken += 1
    except OperationalError as error:
        broker.trip(error)
    return taken


def _kombu_answers() -> bool:
    try:
        with celery.current_app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=1)
    except OperationalError:
        return False
    return True
