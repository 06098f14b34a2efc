"""The dispatcher: rings what is due, most urgent first, and keeps each list short."""

import json
from typing import Any

import pytest
import redis as redis_client

from jobs import broker, dispatch, doorbell, services
from jobs.clock import Now
from jobs.dispatch import Dispatcher, Feeder
from jobs.models import Job, Lease, QueueControl, WorkerBeat
from tests.jobs.states import HERE, alter, put, row, seconds_from_now

pytestmark = pytest.mark.django_db


def listed(redis: redis_client.Redis) -> list[str]:
    """Ids in the order in which workers take them."""
    items: Any = redis.lrange("fikiri:email", 0, -1)
    return [json.loads(item)["headers"]["id"] for item in reversed(items)]


def test_what_is_due_is_rung_in_order_of_urgency(redis: redis_client.Redis) -> None:
    jobs = {priority: put(priority=priority) for priority in (5, 0, 9)}
    put(delay=60)
    Feeder("email").feed()
    assert listed(redis) == [str(jobs[priority].pk) for priority in (0, 5, 9)]


def test_a_full_list_is_left_alone_and_a_backlog_shuts_enqueuers_out(redis: redis_client.Redis) -> None:
    feeder = Feeder("email")
    feeder.limit = 4
    services.enqueue_many("echo", [{"value": n} for n in range(10)])
    Job.objects.update(dispatch_at=Now(-1), rung_at=None)
    assert feeder.feed()
    assert (len(listed(redis)), redis.get("fikiri:buffer:email")) == (4, b"0")
    feeder.feed()
    assert len(listed(redis)) == 4
    assert not doorbell.push("email", [])


def test_urgent_newcomers_are_rung_at_the_next_refill(redis: redis_client.Redis) -> None:
    feeder = Feeder("email")
    feeder.limit = 4
    for _ in range(10):
        put()
    feeder.feed()
    urgent = put(priority=0)
    redis.rpop("fikiri:email", 3)
    feeder.feed()
    assert str(urgent.pk) in listed(redis)[1:2]


def test_a_paused_queue_is_not_rung(redis: redis_client.Redis) -> None:
    put()
    control = QueueControl.objects.create(name="email", paused=True)
    feeder = Feeder("email")
    feeder.size_buffer()
    feeder.feed()
    assert listed(redis) == []
    control.delete()
    feeder.size_buffer()
    feeder.feed()
    assert len(listed(redis)) == 1


def test_what_a_flushed_broker_has_lost_is_rung_again(
    redis: redis_client.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "EMPTY_FOR", 0)
    job = alter(put(ring=True), rung_at=Now(-10))
    feeder = Feeder("email")
    feeder.ring_lost()
    feeder.feed()
    assert listed(redis) == [str(job.pk)]


def test_a_strange_message_at_the_end_of_the_list_stops_nothing(redis: redis_client.Redis) -> None:
    redis.lpush("fikiri:email", "not ours")
    alter(put(ring=True), rung_at=Now(-10))
    assert Feeder("email").ring_lost() == 0


@pytest.mark.usefixtures("no_broker")
def test_without_a_broker_what_was_to_be_rung_stays_due() -> None:
    job = put()
    feeder = Feeder("email")
    assert not feeder.feed()
    assert broker.is_open()
    job = row(job.pk)
    assert job.dispatch_at is not None
    assert (job.rung_at, seconds_from_now(job.dispatch_at) <= 0) == (None, True)


def test_the_list_grows_with_the_workers(redis: redis_client.Redis) -> None:
    feeder = Feeder("email")
    feeder.size_buffer()
    alone = feeder.limit
    WorkerBeat.objects.create(
        boot=HERE.boot, name="w", host="h", pid=1, queues=["email"], slots=40, started_at=Now(), beat_at=Now(600)
    )
    feeder.size_buffer()
    assert (alone, feeder.limit) == (64, 160)


@pytest.mark.parametrize(("slots", "taken", "limit"), [(2, 0, 8), (2, 300, 300), (2, 900, 500), (200, 0, 500)])
def test_the_list_is_as_long_as_its_workers_are_quick_within_bounds(
    redis: redis_client.Redis, slots: int, taken: int, limit: int
) -> None:
    WorkerBeat.objects.create(
        boot=HERE.boot, name="w", host="h", pid=1, queues=["email"], slots=slots, started_at=Now(), beat_at=Now(600)
    )
    feeder = Feeder("email")
    feeder._rate.pushed(taken)
    feeder._rate.saw(0)  # all of it was taken since
    assert feeder.size_buffer() == limit
    assert redis.get("fikiri:buffer:email") == str(limit).encode()
    assert 0 < redis.ttl("fikiri:buffer:email") <= dispatch.BUFFER_TTL


def test_a_list_is_filled_when_half_of_it_is_taken(redis: redis_client.Redis) -> None:
    feeder = Feeder("email")
    feeder.limit = 8
    for _ in range(20):
        put()
    feeder.feed()
    redis.rpop("fikiri:email", 3)
    feeder.feed()
    assert len(listed(redis)) == 5
    redis.rpop("fikiri:email")
    feeder.feed()
    assert len(listed(redis)) == 8


def test_one_dispatcher_works_and_the_other_takes_over_when_it_goes(redis: redis_client.Redis) -> None:
    first, second = Dispatcher(["email"]), Dispatcher(["email"])
    job = put()
    first.tick()
    alter(job, dispatch_at=Now(-1))
    second.tick()
    assert listed(redis) == [str(job.pk)]
    first.step_down()
    second.tick()
    assert listed(redis) == [str(job.pk)] * 2
    assert Lease.objects.get(name="dispatcher").holder == second.holder
