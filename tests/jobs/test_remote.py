"""What is asked of workers over the broker."""

import os
import socket
import uuid
from typing import Any

import celery
import pytest
from kombu.exceptions import OperationalError

from jobs import broker, remote
from jobs.clock import Now
from jobs.errors import Refused
from jobs.models import AuditEntry, WorkerBeat

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What was broadcast to whom."""
    found: list[tuple[str, Any]] = []
    control = celery.current_app.control

    def broadcast(command: str, destination: list[str], **_: Any) -> None:
        found.append((command, destination))

    monkeypatch.setattr(control, "broadcast", broadcast)
    monkeypatch.setattr(broker, "is_open", lambda: False)
    return found


def beat(ago: float = -600, **fields: Any) -> WorkerBeat:
    known = {"name": "email@h", "host": "h", "pid": 1, "slots": 2, "started_at": Now(), "beat_at": Now(-ago)}
    return WorkerBeat.objects.create(boot=uuid.uuid4(), **known | fields)


def test_a_worker_is_asked_to_end_and_it_is_recorded(asked: list[Any]) -> None:
    remote.stop(beat().boot, by="ann", reason="a new version", origin="admin")
    assert asked == [("shutdown", ["email@h"])]
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.subject, entry.by, entry.reason) == ("stop", "worker email@h", "ann", "a new version")


@pytest.mark.parametrize("gone", [uuid.uuid4, lambda: beat(ago=3600).boot])
def test_one_that_does_not_live_is_not_asked(asked: list[Any], gone: Any) -> None:
    with pytest.raises(Refused, match="does not live"):
        remote.stop(gone(), by="ann")
    assert asked == []


def test_a_broker_that_is_away_is_said_and_nothing_recorded(asked: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(celery.current_app.control, "broadcast", away)
    with pytest.raises(Refused, match="SIGTERM"):
        remote.stop(beat().boot, by="ann")
    monkeypatch.setattr(broker, "is_open", lambda: True)
    with pytest.raises(Refused, match="SIGTERM"):
        remote.stop(beat().boot, by="ann")
    assert not AuditEntry.objects.exists()


def test_memory_is_known_on_the_same_machine_alone() -> None:
    here = beat(host=socket.gethostname(), pid=os.getpid(), pids=[2**22 + 1])
    assert (remote.memory(here) or 0) > 1_000_000
    assert remote.memory(beat(pid=os.getpid())) is None
