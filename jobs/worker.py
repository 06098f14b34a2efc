"""What our workers do besides running jobs: take a name, beat, and die together."""

from __future__ import annotations

import atexit
import gc
import os
import platform
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import celery
import structlog
from celery import signals
from django.db import DatabaseError, connection

from jobs import child, forking, identity, settling, slots, tracing
from jobs.clock import Now
from jobs.config import config
from jobs.models import Job, JobStatus, Lease, WorkerBeat
from jobs.taking import Taking

DISPATCHER = "dispatcher"
LEASE_TTL = 5.0  # seconds, of the dispatcher that works
STOPPING_LOOK = 0.2  # seconds between looks at what still runs

log = structlog.stdlib.get_logger("jobs")

_heart: Heart | None = None
_parent = 0  # the worker's own process


def attach() -> None:
    """Listen to Celery's worker signals. They mirror; nothing here decides about a job."""
    signals.worker_init.connect(_on_init, dispatch_uid="jobs.worker.init")
    signals.worker_ready.connect(_on_ready, dispatch_uid="jobs.worker.ready")
    signals.worker_process_init.connect(_on_child, dispatch_uid="jobs.worker.child")
    signals.worker_process_shutdown.connect(_on_child_end, dispatch_uid="jobs.worker.child_end")
    signals.worker_shutting_down.connect(_on_stopping, dispatch_uid="jobs.worker.stopping")
    signals.worker_shutdown.connect(_on_shutdown, dispatch_uid="jobs.worker.shutdown")


def wait_until_idle(seconds: float) -> bool:
    """Say that this worker stops, and wait for what it runs. Returns whether all of it has ended."""
    return _heart is not None and _heart.wait_until_idle(seconds)


def served_here() -> set[str]:
    """The queues that live workers of this machine, or container, take jobs from."""
    alive = WorkerBeat.objects.filter(host=_host(), beat_at__gt=Now(-config().BEAT_TTL))
    return {queue for beat in alive for queue in beat.queues}


@contextmanager
def beating(name: str) -> Iterator[None]:
    """Beat while the block runs: a process that runs jobs by itself, so that they are rescued soon if it dies."""
    identity.become(f"{name}@{socket.gethostname()}")
    heart = Heart([], lambda: 1, lambda: [os.getpid()])
    heart.start()
    try:
        yield
    finally:
        heart.end()


class Heart(threading.Thread):
    """Says every few seconds that this worker lives, and which pool processes it has."""

    def __init__(
        self,
        queues: Sequence[str],
        slots: Callable[[], int],
        pids: Callable[[], list[int]],
        taking: Taking | None = None,
        pool: str = "",
    ) -> None:
        super().__init__(name="heart", daemon=True)
        self.queues = sorted(queues)
        self.pool = pool
        self._slots = slots
        self._pids = pids
        self._taking = taking
        self._pid = os.getpid()
        self._stopping = threading.Event()
        self._idle = threading.Event()
        self._ended = threading.Event()

    def run(self) -> None:
        beats = 0
        while not self._ended.is_set():
            with forking.held_off():
                beats += self._beat_and_look(beats)
            if self._stopping.is_set():
                self._ended.wait(STOPPING_LOOK)
            else:
                self._stopping.wait(config().BEAT_EVERY)

    def stopping(self) -> None:
        """Say so with a beat at once."""
        self._stopping.set()

    def wait_until_idle(self, seconds: float) -> bool:
        self.stopping()
        return self._idle.wait(seconds)

    def end(self) -> None:
        """Stop beating and take the row away: a worker that went in good order is not missed."""
        if os.getpid() != self._pid or self._ended.is_set():
            return
        self._ended.set()
        self._stopping.set()
        self.join(timeout=config().BEAT_EVERY)
        try:
            WorkerBeat.objects.filter(boot=identity.current().boot).delete()
        except DatabaseError:
            log.warning("beat left behind", action="beat_left")
        finally:
            connection.close()

    def _beat_and_look(self, beats: int) -> int:
        """How many beats more there are: one, or none while the database is away."""
        try:
            self._beat()
            if beats == 1 and self.queues and not Lease.objects.filter(name=DISPATCHER, until__gt=Now()).exists():
                log.warning(
                    "no dispatcher is running: delayed jobs and retries wait until `manage.py dispatcher` does",
                    action="no_dispatcher",
                )
            if self._stopping.is_set() and not self._runs_jobs():
                self._idle.set()
        except DatabaseError as error:
            log.warning("beat missed", action="beat_missed", error=type(error).__name__)
            return 0
        finally:
            connection.close()  # so that no child inherits it
        return 1

    def _beat(self) -> None:
        me = identity.current()
        idle = self._taking.idle_for() if self._taking else None
        fields = {
            "pids": self._pids(),
            "slots": self._slots(),
            "beat_at": Now(),
            "stopping": self._stopping.is_set(),
            "idle_since": None if idle is None else Now(-idle),
        }
        if WorkerBeat.objects.filter(boot=me.boot).update(**fields):
            return
        WorkerBeat.objects.create(
            boot=me.boot,
            name=me.name,
            host=_host(),
            pid=me.pid,
            queues=self.queues,
            pool=self.pool,
            version=_version(),
            started_at=Now(),
            **fields,
        )

    def _runs_jobs(self) -> bool:
        return Job.objects.filter(boot=identity.current().boot, status=JobStatus.PROCESSING).exists()


def _host() -> str:
    return socket.gethostname()[:150]


def _pids_of(worker: Any) -> list[int]:
    pool = getattr(worker.pool, "_pool", None)
    children = getattr(pool, "_pool", None)  # prefork only; other pools run in this process
    return [child.pid for child in children] if isinstance(children, list) else [os.getpid()]


def _slots_of(worker: Any) -> int:
    """As many as its pool has by now: people change that, here and in Flower."""
    pool = getattr(worker.pool, "_pool", None)
    return getattr(pool, "_processes", None) or int(worker.concurrency)


def _version() -> str:
    return f"Celery {celery.__version__}, Python {platform.python_version()}"


def _on_init(sender: Any, **_: Any) -> None:
    global _parent
    from jobs import resizing  # noqa: F401 - what it declares is for workers alone

    _parent = os.getpid()
    identity.become(sender.hostname)
    if _kind_of(sender) == slots.RESIZABLE:
        sender.concurrency = _kept_slots(sender.hostname) or sender.concurrency
    _share_memory()


def _kept_slots(name: str) -> int | None:
    """None, too, while the database is away: the worker has to start."""
    try:
        number = slots.kept(name)
    except DatabaseError:
        return None
    finally:
        connection.close()  # so that no child inherits it
    if number:
        log.info("as many slots as are kept for this name", action="slots_kept", slots=number)
    return number


def _share_memory() -> None:
    """What is loaded by now stays for good. Looked through for garbage it would be copied into each pool process."""
    gc.collect()
    gc.freeze()


def _kind_of(worker: Any) -> str:
    """`prefork`, `threads` or `solo`: how Celery names the module of a pool."""
    found = worker.pool_cls if isinstance(worker.pool_cls, str) else worker.pool_cls.__module__
    return {"thread": "threads"}.get(name := found.rpartition(".")[2], name)


def _on_ready(sender: Any, **_: Any) -> None:
    global _heart
    worker = sender.controller if hasattr(sender, "controller") else sender
    queues = worker.app.amqp.queues.consume_from

    def number() -> int:
        return _slots_of(worker)

    _heart = Heart(queues, number, lambda: _pids_of(worker), Taking(number), _kind_of(worker))
    _heart.start()
    atexit.register(_heart.end)  # a cold shutdown announces nothing


def _on_child(**_: Any) -> None:
    if os.getpid() != _parent:  # a solo pool says so in the worker itself
        child.become()


def _on_child_end(**_: Any) -> None:
    settling.flush()
    tracing.shut_down()


def _on_stopping(**_: Any) -> None:
    if _heart:
        _heart.stopping()


def _on_shutdown(**_: Any) -> None:
    if _heart:
        _heart.end()
