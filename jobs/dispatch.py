"""The dispatcher: rings what is due, keeps each queue's buffer in the broker short, and does the chores.

Any number may run; one at a time holds the lease and works, the others stand by.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.db.models import Q

from jobs import (
    batches,
    broker,
    canaries,
    clock,
    doorbell,
    holding,
    lifecycle,
    pausing,
    prune,
    schedule,
    statistics,
    totals,
)
from jobs.alerts import watch
from jobs.broker import Unreachable
from jobs.chores import Chore
from jobs.clock import Now
from jobs.config import config
from jobs.models import Lease, QueueControl, WorkerBeat
from jobs.queues import QUEUES
from jobs.rescue import Rescuer
from jobs.standin import StandIn
from jobs.worker import DISPATCHER, LEASE_TTL

BUSY_TICK = 0.02  # seconds, while there is a backlog
IDLE_TICK = 0.2
RENEW_EVERY = 1.0
BUFFER_TTL = 5  # seconds; without a dispatcher enqueuers fall back to the default buffer
RATE_WINDOW = 0.5
EMPTY_FOR = 2.0  # a list empty this long has lost what was rung before

log = structlog.stdlib.get_logger("jobs")


class Dispatcher:
    def __init__(self, queues: Sequence[str] = tuple(QUEUES)) -> None:
        self.holder = uuid.uuid4()
        self.feeders = [Feeder(queue) for queue in queues]
        self.standin = StandIn(queues)
        self.chores = [
            Chore("stand in", self.standin.run_once, every=1),
            Chore("rescue", Rescuer().run_once, every=1),
            Chore("expire", lifecycle.expire_overdue, every=1),
            Chore("wake", pausing.run_once, every=0.5),
            Chore("release", holding.run_once, every=0.5),
            Chore("schedules", schedule.run_once, every=0.5),
            Chore("canaries", canaries.run_once, every=1),
            Chore("batches", batches.Watcher().run_once, every=0.5),
            Chore("statistics", statistics.run_once, every=5),
            Chore("alerts", watch.run_once, every=10),
            Chore("prune", prune.run_once, every=5),
            *(Chore("ring lost", feeder.ring_lost, every=1) for feeder in self.feeders),
            *(Chore("size buffer", feeder.size_buffer, every=1) for feeder in self.feeders),
            *(Chore("count rings", feeder.count_rings, every=5) for feeder in self.feeders),
        ]
        self._leads_until = 0.0

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set. A database or broker that is away is waited for."""
        while not stop.is_set():
            try:
                busy = self.tick()
            except (OperationalError, InterfaceError) as error:
                log.warning("database away", action="dispatcher_waits", error=type(error).__name__)
                connection.close()
                stop.wait(1)
                continue
            stop.wait(BUSY_TICK if busy else IDLE_TICK)
        self.standin.stop()
        self.step_down()

    def run_once(self) -> bool:
        """Every chore once and what is due rung, then the lease is given up. False: another dispatcher works.

        Workers that are gone are found by the ends of their leases alone: one look tells nothing of a heartbeat.
        """
        self.chores = [chore for chore in self.chores if chore.run != self.standin.run_once]  # it needs a parent
        if not self._leads():
            return False
        try:
            self.tick()
            for feeder in self.feeders:
                feeder.count_rings()
        finally:
            self.step_down()
        return True

    def tick(self) -> bool:
        """One round. Returns whether there is a backlog."""
        if not self._leads():
            return False
        for chore in self.chores:
            chore.run_if_time()
        busy = [feeder.feed() for feeder in self.feeders]
        return any(busy)

    def step_down(self) -> None:
        """Let another dispatcher take over at once."""
        try:
            Lease.objects.filter(name=DISPATCHER, holder=self.holder).update(until=Now())
        except (DatabaseError, InterfaceError):
            log.warning("lease left to run out", action="lease_left")

    def _leads(self) -> bool:
        now = time.monotonic()
        if now < self._leads_until:
            return True
        if hold(DISPATCHER, self.holder, LEASE_TTL):
            if now > self._leads_until + LEASE_TTL:
                log.info("this dispatcher works now", action="dispatcher_leads", holder=str(self.holder))
            self._leads_until = now + RENEW_EVERY
            return True
        return False


class Feeder:
    """Keeps one queue's list in the broker filled from the ledger, and no fuller than its workers need."""

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self.limit = config().BUFFER
        self.backlog = False
        self.paused = False
        self.rung = 0
        self.empty_since: float | None = None
        self._rate = RateMeter()

    def feed(self) -> bool:
        """Ring what is due while there is room. Returns whether more waits."""
        if self.paused or broker.is_open():
            return False
        try:
            length = self._length()
            self._rate.saw(length)
            if length > self.limit // 2:
                return self.backlog
            return self._fill(self.limit - length)
        except Unreachable as error:
            broker.trip(error)
            return False

    def size_buffer(self) -> int:
        """Tell enqueuers how much the list may hold; nothing while the queue is paused or has a backlog."""
        self.paused = QueueControl.objects.filter(name=self.queue, paused=True).exists()
        slots = sum(
            beat.slots
            for beat in WorkerBeat.objects.filter(beat_at__gt=Now(-config().BEAT_TTL))
            if self.queue in beat.queues
        )
        wanted = max(4 * slots, self._rate.per_window(), 8)
        self.limit = min(wanted, config().BUFFER_LIMIT) if slots else config().BUFFER
        self._tell_enqueuers()
        return self.limit

    def ring_lost(self) -> int:
        """Ring again what was rung and can no longer be on its way: older than all that is in the list."""
        if self.paused or broker.is_open() or not broker.is_redis():
            return 0
        try:
            oldest = broker.client().lindex(doorbell.list_key(self.queue), -1)
        except Unreachable as error:
            broker.trip(error)
            return 0
        before = self._rung_at(oldest) if oldest else self._long_empty()
        return lifecycle.ring_lost(self.queue, before) if before else 0

    def count_rings(self) -> int:
        """Write down how often it rang since the last time: what a crash forgets of that is no loss."""
        rung, self.rung = self.rung, 0
        if rung:
            totals.add({totals.Key(totals.RINGS, self.queue): rung})
        return rung

    def _length(self) -> int:
        if not broker.is_redis():
            return 0
        length = int(broker.client().llen(doorbell.list_key(self.queue)))
        if length:
            self.empty_since = None
        return length

    def _fill(self, room: int) -> bool:
        due = lifecycle.ring_due(self.queue, room)
        try:
            doorbell.push_as_dispatcher(self.queue, due)
        except Unreachable:
            lifecycle.not_rung([ring.id for ring in due])
            raise
        self._rate.pushed(len(due))
        self.rung += len(due)
        backlog = len(due) >= room
        if backlog != self.backlog:
            self.backlog = backlog
            self._tell_enqueuers()
        return backlog

    def _tell_enqueuers(self) -> None:
        if broker.is_open() or not broker.is_redis():
            return
        limit = 0 if self.backlog or self.paused else self.limit
        try:
            broker.client().set(doorbell.buffer_key(self.queue), limit, ex=BUFFER_TTL)
        except Unreachable as error:
            broker.trip(error)

    def _rung_at(self, message: bytes | str) -> datetime | None:
        try:
            rung_at = datetime.fromisoformat(json.loads(message)["headers"]["rung_at"])
        except (ValueError, KeyError, TypeError):
            return None  # not ours; a worker will quarantine it
        return rung_at - timedelta(seconds=1)

    def _long_empty(self) -> datetime | None:
        if self.empty_since is None:
            self.empty_since = time.monotonic()
        if time.monotonic() - self.empty_since < EMPTY_FOR:
            return None
        return clock.now() - timedelta(seconds=EMPTY_FOR)


class RateMeter:
    """How many messages of a list its workers take in half a second, seen from the list's length."""

    def __init__(self) -> None:
        self._expected = 0
        self._taken = 0
        self._since = time.monotonic()
        self._latest = 0

    def saw(self, length: int) -> None:
        self._taken += max(0, self._expected - length)
        self._expected = length
        if time.monotonic() - self._since >= RATE_WINDOW:
            self._latest, self._taken, self._since = self._taken, 0, time.monotonic()

    def pushed(self, count: int) -> None:
        self._expected += count

    def per_window(self) -> int:
        return max(self._latest, self._taken)


def hold(name: str, holder: uuid.UUID, seconds: float) -> bool:
    """Take or renew a lease. Returns whether it is held now."""
    if Lease.objects.filter(name=name, until__gt=Now()).exclude(holder=holder).exists():
        return False  # asked first: on SQLite even an update of nothing waits for the one writer
    free = Lease.objects.filter(Q(holder=holder) | Q(until__lte=Now()), name=name)
    if free.update(holder=holder, until=Now(seconds)):
        return True
    Lease.objects.bulk_create([Lease(name=name, holder=holder, until=clock.now())], ignore_conflicts=True)
    return bool(free.update(holder=holder, until=Now(seconds)))
