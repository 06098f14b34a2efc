"""A worker takes no more doorbells than it soon runs: what it holds is lost with it."""

from types import SimpleNamespace
from typing import Any

import celery
import pytest
from celery.worker import state

from jobs.reserve import PER_PROCESS, Reserve
from jobs.transport import broker_queues

SLOTS = 2


class Doorbell:
    """Taken, and not begun."""


def bounded(max_concurrency: int | None = None) -> Any:
    """What a consumer asks before it takes another, as the step has left it."""
    qos = SimpleNamespace(can_consume=lambda: True)
    parent = SimpleNamespace(
        controller=SimpleNamespace(max_concurrency=max_concurrency),
        pool=SimpleNamespace(num_processes=SLOTS),
        task_consumer=SimpleNamespace(channel=SimpleNamespace(qos=qos)),
    )
    Reserve(parent).start(parent)
    return qos


@pytest.mark.parametrize(("most", "held"), [(None, PER_PROCESS * SLOTS), (5, PER_PROCESS * 5)])
def test_it_takes_two_for_each_process_it_may_have(
    monkeypatch: pytest.MonkeyPatch, most: int | None, held: int
) -> None:
    taken: list[Doorbell] = []
    monkeypatch.setattr(state, "reserved_requests", taken)
    qos = bounded(most)
    while qos.can_consume() and len(taken) < 100:
        taken.append(Doorbell())
    assert len(taken) == held


def test_nothing_is_acknowledged_and_nothing_is_taken_ahead() -> None:
    """The one without the other would let a worker swallow a whole list."""
    assert all(queue.no_ack for queue in broker_queues())
    assert celery.current_app.conf.worker_disable_prefetch
    assert Reserve in celery.current_app.steps["consumer"]
