"""How many jobs a worker runs at once."""

from __future__ import annotations

import gc
import socket
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import celery
import pytest
from celery.concurrency import prefork

from jobs import broker, resizing, slots, worker
from jobs.clock import Now
from jobs.errors import Refused
from jobs.models import AuditEntry, Slots, WorkerBeat

pytestmark = pytest.mark.django_db

Asked = list[tuple[str, Any, Any]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What Celery would send to whom."""
    found: Asked = []

    def broadcast(_: Any, command: str, arguments: Any = None, destination: Any = None, **__: Any) -> None:
        found.append((command, arguments, destination))

    monkeypatch.setattr("celery.app.control.Control.broadcast", broadcast)
    monkeypatch.setattr(broker, "is_open", lambda: False)
    return found


def beat(ago: float = -600, **fields: Any) -> WorkerBeat:
    known = {"name": "email@h", "host": "h", "pid": 1, "slots": 2, "pool": "prefork", "started_at": Now()}
    return WorkerBeat.objects.create(boot=uuid.uuid4(), beat_at=Now(-ago), **known | fields)


def test_a_worker_is_told_and_it_is_kept_and_recorded_once(asked: Asked) -> None:
    slots.change(beat().boot, 6, by="ann", reason="much to do", origin="admin")
    assert asked == [("set_slots", {"slots": 6}, ["email@h"])]
    assert (slots.kept("email@h"), Slots.objects.get().reason) == (6, "much to do")
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.subject, entry.by, entry.origin) == ("slots", "worker email@h", "ann", "admin")
    assert (entry.before, entry.after) == ({"slots": 2}, {"slots": 6})


@pytest.mark.parametrize("number", [0, -1, slots.MOST + 1])
def test_a_number_out_of_its_range_is_refused(asked: Asked, number: int) -> None:
    with pytest.raises(Refused, match="1 to 256"):
        slots.change(beat().boot, number, by="ann")
    assert (asked, Slots.objects.count()) == ([], 0)


@pytest.mark.parametrize("pool", ["threads", ""])
def test_a_pool_that_cannot_is_named_with_the_remedy(asked: Asked, pool: str) -> None:
    with pytest.raises(Refused, match="--concurrency 4"):
        slots.change(beat(pool=pool).boot, 4, by="ann")


def test_nothing_is_kept_where_nobody_can_be_told(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="does not live"):
        slots.change(beat(ago=3600).boot, 4, by="ann")
    monkeypatch.setattr(broker, "is_open", lambda: True)
    with pytest.raises(Refused, match="broker is away"):
        slots.change(beat().boot, 4, by="ann")
    assert (Slots.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_what_is_kept_is_forgotten_once(asked: Asked) -> None:
    slots.change(beat().boot, 6, by="ann")
    assert slots.forget("email@h", by="ann", reason="as before")
    assert not slots.forget("email@h", by="ann")
    assert slots.kept("email@h") is None
    assert [entry.verb for entry in AuditEntry.objects.order_by("pk")] == ["slots", "forget slots"]


def test_a_worker_from_a_shell_is_recorded_too(asked: Asked) -> None:
    celery.current_app.control.broadcast("set_slots", {"slots": 3})
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.by, entry.after) == ("set_slots", "celery control", {"slots": "3"})


@pytest.fixture
def collected() -> Iterator[None]:
    """What a worker keeps from Python's search for garbage is searched again after the test."""
    gc.unfreeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("collected")
@pytest.mark.parametrize(("pool", "number"), [("prefork", 5), (prefork.TaskPool, 5), ("solo", 2)])
def test_a_worker_starts_with_what_is_kept_for_its_name(
    pool: Any, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    Slots.objects.create(worker="email@h", slots=5, by="ann")
    monkeypatch.setattr("jobs.identity.become", lambda name: None)
    monkeypatch.setattr("jobs.worker.connection", SimpleNamespace(close=lambda: None))  # the test's own
    starting = SimpleNamespace(hostname="email@h", concurrency=2, pool_cls=pool)
    worker._on_init(starting)
    assert starting.concurrency == number
    assert gc.get_freeze_count() > 10 * len(gc.get_objects())  # its pool's processes share what is loaded


class Pool:
    """Grows and shrinks as billiard's: what is busy is not ended, and that is said by an error."""

    def __init__(self, number: int, busy: int = 0) -> None:
        self.num_processes, self.busy = number, busy

    def grow(self, number: int) -> None:
        self.num_processes += number

    def shrink(self, number: int) -> None:
        idle = self.num_processes - self.busy
        self.num_processes -= min(number, idle)
        if idle < number:
            raise ValueError("Can't shrink pool. All processes busy!")


@pytest.fixture
def later() -> list[Any]:
    """What a worker's timer would call."""
    return []


def state_of(pool: Any, later: list[Any]) -> Any:
    timer = SimpleNamespace(call_after=lambda seconds, call, args: later.append((call, args)))
    told: list[int] = []
    consumer = SimpleNamespace(pool=pool, timer=timer, _update_prefetch_count=told.append, told=told)
    return SimpleNamespace(consumer=consumer)


def test_a_pool_has_as_many_as_was_said_however_often_it_is_said(later: list[Any]) -> None:
    pool = Pool(2)
    state = state_of(pool, later)
    for number in (6, 6, 3):
        assert resizing.set_slots(state, number) == {"ok": f"{number} slots"}
    assert (state.consumer.told, later) == ([4, -3], [])


def test_busy_processes_go_once_they_are_free(later: list[Any]) -> None:
    pool = Pool(4, busy=3)
    state = state_of(pool, later)
    resizing.set_slots(state, 1)
    assert pool.num_processes == 3
    pool.busy = 0
    call, args = later.pop()
    call(*args)
    assert (pool.num_processes, state.consumer.told, later) == (1, [-1, -2], [])


def test_a_newer_wish_ends_an_older_one_that_waits(later: list[Any]) -> None:
    pool = Pool(4, busy=4)
    state = state_of(pool, later)
    resizing.set_slots(state, 1)
    resizing.set_slots(state, 6)
    call, args = later.pop()
    call(*args)
    assert pool.num_processes == 6


def test_a_pool_that_cannot_says_so(later: list[Any]) -> None:
    assert "error" in resizing.set_slots(state_of(SimpleNamespace(num_processes=1), later), 3)


def test_a_beat_says_how_many_there_are_by_now() -> None:
    sizes = [2]
    heart = worker.Heart(["email"], lambda: sizes[0], lambda: [1], pool="prefork")
    heart._beat()
    sizes[0] = 5
    heart._beat()
    found = WorkerBeat.objects.get(host=socket.gethostname()[:150])
    assert (found.slots, found.pool, "Celery" in found.version) == (5, "prefork", True)
