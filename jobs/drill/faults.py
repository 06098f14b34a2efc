"""What can be broken, at random from a seed. Each fault says whether it hit something, and how to mend it."""

from __future__ import annotations

import itertools
import json
import random
import signal
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
import redis

from jobs.drill import system
from jobs.drill.programs import Program
from jobs.drill.scratch import Scratch

PREFIX = "fikiri:"
QUEUES = ("email", "ai", "crm")

Mend = Callable[[], None]


class NothingHit(Exception):
    """What the fault was to hit is not there at this moment."""


@dataclass(frozen=True)
class Fault:
    """At `at` seconds from the start, for `seconds`; `pick` (0 to 1) says which of several it hits."""

    at: float
    kind: str
    seconds: float
    pick: float

    def one_of(self, programs: list[Program]) -> Program:
        running = [program for program in programs if program.pid]
        if not running:
            raise NothingHit
        return running[int(self.pick * len(running))]


# How often each kind comes, relative to the others.
WEIGHTS = {
    "child killed": 10,
    "child stopped": 3,
    "worker killed": 4,
    "worker restarted": 3,
    "worker stopped": 2,
    "worker frozen with its children": 2,
    "dispatcher killed": 4,
    "dispatcher stopped": 2,
    "enqueuer killed": 2,
    "broker emptied": 4,
    "broker killed": 3,
    "broker stopped": 2,
    "broker connections cut": 5,
    "broker refuses": 2,
    "broker falls silent": 2,
    "broker reply lost": 3,
    "messages doubled": 4,
    "junk messages": 3,
}
ON_POSTGRES = {"database restarted": 3, "database connections ended": 4, "database reply lost": 4}
LONG = {"worker frozen with its children": 6.5, "dispatcher stopped": 7.0}  # seconds: longer than beat and lease


def plan(seed: int, count: int, seconds: float, *, vendor: str) -> list[Fault]:
    """The faults of a drill, the same for the same seed: spread over its time, which nothing happens in at first."""
    dice = random.Random(f"{seed} faults")  # noqa: S311 - a plan that can be repeated, no secret
    weights = WEIGHTS | (ON_POSTGRES if vendor == "postgresql" else {})
    times = sorted(dice.uniform(0, seconds) for _ in range(count))
    kinds = dice.choices(list(weights), list(weights.values()), k=count)
    return [
        Fault(round(at, 2), kind, round(LONG.get(kind) or dice.uniform(0.5, 3.5), 1), dice.random())
        for at, kind in zip(times, kinds, strict=True)
    ]


def inject(fault: Fault, scratch: Scratch) -> Mend | None:
    """Do it. Returns what mends it after `fault.seconds`, if anything has to.

    Raises:
        NothingHit: try again a little later.
    """
    try:
        return KINDS[fault.kind](fault, scratch)
    except (
        redis.RedisError,
        psycopg.OperationalError,
        sqlite3.OperationalError,
        OSError,
    ):  # another fault has taken the server away
        raise NothingHit from None


def child_killed(fault: Fault, scratch: Scratch) -> None:
    _signal_child(fault, scratch, signal.SIGKILL)


def child_stopped(fault: Fault, scratch: Scratch) -> Mend:
    pid = _signal_child(fault, scratch, signal.SIGSTOP)
    return lambda: _go_on(pid)


def worker_killed(fault: Fault, scratch: Scratch) -> None:
    fault.one_of(scratch.named("worker")).kill()


def worker_restarted(fault: Fault, scratch: Scratch) -> None:
    fault.one_of(scratch.named("worker")).ask_to_end()


def worker_stopped(fault: Fault, scratch: Scratch) -> Mend:
    """Its children run on."""
    worker = fault.one_of(scratch.named("worker"))
    return _stop(worker.pid or 0)


def worker_frozen(fault: Fault, scratch: Scratch) -> Mend:
    """As when a virtual machine is moved."""
    return _stop(*fault.one_of(scratch.named("worker")).tree())


def dispatcher_killed(fault: Fault, scratch: Scratch) -> None:
    active_dispatcher(fault, scratch).kill()


def dispatcher_stopped(fault: Fault, scratch: Scratch) -> Mend:
    return _stop(active_dispatcher(fault, scratch).pid or 0)


def enqueuer_killed(fault: Fault, scratch: Scratch) -> None:
    fault.one_of(scratch.named("enqueuer")).kill()


def broker_emptied(fault: Fault, scratch: Scratch) -> None:
    with scratch.redis.client() as client:
        client.flushall()


def broker_killed(fault: Fault, scratch: Scratch) -> Mend:
    """It comes back empty."""
    if not scratch.redis.is_running():
        raise NothingHit
    scratch.redis.kill()
    return lambda: None if scratch.redis.is_running() else scratch.redis.start()


def broker_stopped(fault: Fault, scratch: Scratch) -> Mend:
    scratch.redis.stand_still()
    return scratch.redis.go_on


def broker_cut(fault: Fault, scratch: Scratch) -> None:
    if not scratch.broker.cut():
        raise NothingHit


def broker_refuses(fault: Fault, scratch: Scratch) -> Mend:
    scratch.broker.refuse()
    return scratch.broker.heal


def broker_silent(fault: Fault, scratch: Scratch) -> Mend:
    scratch.broker.swallow()
    return scratch.broker.heal


def broker_reply_lost(fault: Fault, scratch: Scratch) -> None:
    scratch.broker.lose_reply()


def messages_doubled(fault: Fault, scratch: Scratch) -> None:
    """Every message that waits is there twice more, at the other end of its list."""
    with scratch.redis.client() as client:
        waiting = {queue: client.lrange(f"{PREFIX}{queue}", 0, -1) for queue in QUEUES}
        if not any(waiting.values()):
            raise NothingHit
        for queue, messages in waiting.items():
            if messages:
                client.rpush(f"{PREFIX}{queue}", *messages, *messages)


def junk_messages(fault: Fault, scratch: Scratch) -> None:
    with scratch.redis.client() as client:
        for queue in QUEUES:
            client.rpush(f"{PREFIX}{queue}", *junk(fault.pick))


def database_restarted(fault: Fault, scratch: Scratch) -> Mend:
    cluster = scratch.postgres
    if cluster is None or not cluster.is_running():
        raise NothingHit
    cluster.crash()
    return lambda: None if cluster.is_running() else cluster.start()


def database_cut(fault: Fault, scratch: Scratch) -> None:
    if scratch.postgres is None or not scratch.postgres.end_connections():
        raise NothingHit


def database_reply_lost(fault: Fault, scratch: Scratch) -> None:
    if scratch.line is None:
        raise NothingHit
    scratch.line.lose_reply()


KINDS: dict[str, Callable[[Fault, Scratch], Mend | None]] = {
    "child killed": child_killed,
    "child stopped": child_stopped,
    "worker killed": worker_killed,
    "worker restarted": worker_restarted,
    "worker stopped": worker_stopped,
    "worker frozen with its children": worker_frozen,
    "dispatcher killed": dispatcher_killed,
    "dispatcher stopped": dispatcher_stopped,
    "enqueuer killed": enqueuer_killed,
    "broker emptied": broker_emptied,
    "broker killed": broker_killed,
    "broker stopped": broker_stopped,
    "broker connections cut": broker_cut,
    "broker refuses": broker_refuses,
    "broker falls silent": broker_silent,
    "broker reply lost": broker_reply_lost,
    "messages doubled": messages_doubled,
    "junk messages": junk_messages,
    "database restarted": database_restarted,
    "database connections ended": database_cut,
    "database reply lost": database_reply_lost,
}


def active_dispatcher(fault: Fault, scratch: Scratch) -> Program:
    """The one that holds the lease; any, while the database cannot say."""
    dispatchers = scratch.named("dispatcher")
    if scratch.database is not None:
        for (holder,) in scratch.database.query("SELECT holder FROM jobs_lease WHERE name = 'dispatcher'"):
            for program in dispatchers:
                if program.pid and str(uuid.UUID(str(holder))) in program.says():
                    return program
    return fault.one_of(dispatchers)


def junk(pick: float) -> Iterator[bytes]:
    """Messages that no sender of ours makes; several of them stop a plain Celery worker."""
    dice = random.Random(pick)  # noqa: S311
    sound = {
        "body": "W1tdLCB7fSwge31d",
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"task": "drill_send", "id": str(uuid.UUID(int=dice.getrandbits(128)))},
        "properties": {"delivery_tag": "1", "delivery_info": {}, "body_encoding": "base64"},
    }
    yield from (b"", b"not json", b"[]", b"7", b"\xff\xfe", b"{}", b'{"body": 1}', b"[" * 5000)
    for name in sound:
        yield json.dumps({key: value for key, value in sound.items() if key != name}).encode()
    yield json.dumps(sound | {"headers": {"task": "drill_send"}}).encode()
    yield json.dumps(sound | {"body": "W1tdLCB7fV0="}).encode()  # two elements
    yield json.dumps(sound).encode()  # sound, and names no job
    text = json.dumps(sound).encode()
    for _ in range(5):
        place = dice.randrange(len(text))
        yield text[:place] + bytes([dice.randrange(256)]) + text[place + 1 :]


def _signal_child(fault: Fault, scratch: Scratch, number: signal.Signals) -> int:
    children = list(itertools.chain.from_iterable(worker.children() for worker in scratch.named("worker")))
    if not children:
        raise NothingHit
    pid = children[int(fault.pick * len(children))]
    if not system.send(number, pid):
        raise NothingHit
    return pid


def _stop(*pids: int) -> Mend:
    if not any(pids) or not system.send(signal.SIGSTOP, *pids):
        raise NothingHit
    return lambda: _go_on(*pids)


def _go_on(*pids: int) -> None:
    system.send(signal.SIGCONT, *pids)
