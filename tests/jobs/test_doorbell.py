"""What is told to the workers through the broker, and how much of it at a time."""

import base64
import json
import uuid
from typing import Any

import pytest
import redis as redis_client
from django.conf import settings as django_settings
from kombu import Connection
from pytest_django import DjangoCaptureOnCommitCallbacks

from fikiri.celery import app
from jobs import broker, doorbell, lifecycle, services
from jobs.clock import now
from jobs.lifecycle import Due
from jobs.models import Job
from jobs.transport import sound
from tests.jobs.states import row, seconds_from_now

pytestmark = pytest.mark.django_db

CANARY = "canary.7f3a@customer.example"


def ring(**changes: Any) -> Due:
    given: dict[str, Any] = {
        "id": uuid.uuid4(),
        "task": "echo",
        "soft_time_limit": 285,
        "time_limit": 300,
        "at": now(),
    }
    return Due(**given | changes)


def messages(redis: redis_client.Redis, queue: str = "email") -> list[dict[str, Any]]:
    """The queue's list as workers take it: the first comes first."""
    items: Any = redis.lrange(f"fikiri:{queue}", 0, -1)
    return [json.loads(item) for item in reversed(items)]


def ids(redis: redis_client.Redis) -> list[str]:
    return [message["headers"]["id"] for message in messages(redis)]


def test_a_real_consumer_reads_it(redis: redis_client.Redis) -> None:
    due = ring(task="add", soft_time_limit=110, time_limit=120)
    doorbell.push("ai", [due])
    read: list[Any] = []
    with (
        Connection(django_settings.REDIS_URL, transport_options=app.conf.broker_transport_options) as connection,
        connection.Consumer(app.amqp.queues["ai"], callbacks=[lambda body, message: read.append((body, message))]),
    ):
        connection.drain_events(timeout=5)
    [(body, message)] = read
    assert body == [[], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
    assert (message.headers["task"], message.headers["id"]) == ("add", str(due.id))
    assert message.headers["timelimit"] == [120, 110]
    assert message.properties["correlation_id"] == str(due.id)


def test_it_is_the_message_that_kombu_would_push(redis: redis_client.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    due = ring()
    doorbell.push("email", [due])
    with monkeypatch.context() as patch:
        patch.setattr(broker, "is_redis", lambda: False)
        assert doorbell.push("email", [due]) == 1
    ours, theirs = messages(redis)
    kombus_own = ("delivery_tag", "reply_to")
    assert ours["properties"].keys() == theirs["properties"].keys()
    for name in kombus_own:
        ours["properties"].pop(name)
        theirs["properties"].pop(name)
    assert ours["properties"] == theirs["properties"]
    assert json.loads(base64.b64decode(ours.pop("body"))) == json.loads(base64.b64decode(theirs.pop("body")))
    ours["headers"].pop("rung_at")
    assert ours == theirs


def test_our_own_reader_finds_it_sound() -> None:
    item = doorbell.render(ring(), "email").encode()
    assert sound(item, "email")["headers"]["task"] == "echo"


def test_it_holds_nothing_of_the_jobs_content(
    redis: redis_client.Redis, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        services.enqueue("echo", {"value": CANARY}, key=CANARY)
        services.enqueue_many("echo", [{"value": CANARY}] * 3)
    dump = b"".join(redis.dump(key) or b"" for key in redis.scan_iter())
    assert len(messages(redis)) == 4
    assert CANARY.encode() not in dump
    assert base64.b64encode(CANARY.encode())[:20] not in dump
    assert all(len(json.dumps(message)) < 1500 for message in messages(redis))


def test_the_first_rung_is_the_first_taken(redis: redis_client.Redis) -> None:
    rings = [ring() for _ in range(5)]
    doorbell.push("email", rings[:3])
    doorbell.push_as_dispatcher("email", rings[3:])
    assert ids(redis) == [str(one.id) for one in rings]


def test_an_enqueuer_fills_the_buffer_and_no_more(redis: redis_client.Redis) -> None:
    rings = [ring() for _ in range(70)]
    assert doorbell.push("email", rings) == 64
    assert ids(redis) == [str(one.id) for one in rings[:64]]
    assert doorbell.push("email", rings[64:]) == 0


@pytest.mark.parametrize(("limit", "taken"), [(10, 10), (0, 0), (500, 20)])
def test_the_dispatcher_says_how_much_a_buffer_holds(redis: redis_client.Redis, limit: int, taken: int) -> None:
    redis.set("fikiri:buffer:email", limit)
    assert doorbell.push("email", [ring() for _ in range(20)]) == taken


@pytest.mark.parametrize(("limit", "rung", "room"), [(None, 0, 64), (10, 4, 6), (10, 12, 0), (0, 0, 0), (9999, 0, 500)])
def test_how_much_room_a_buffer_has(redis: redis_client.Redis, limit: int | None, rung: int, room: int) -> None:
    doorbell.push_as_dispatcher("email", [ring() for _ in range(rung)])
    if limit is not None:
        redis.set("fikiri:buffer:email", limit)
    assert doorbell.room("email") == room


def test_a_broker_that_is_away_has_no_room(no_broker: None) -> None:
    assert doorbell.room("email") == 0
    assert broker.is_open()


def test_an_enqueue_asks_four_things_of_redis(redis: redis_client.Redis) -> None:
    doorbell.push("email", [ring()])
    redis.config_resetstat()
    doorbell.push("email", [ring()])
    asked: Any = redis.info("commandstats")
    assert sum(one["calls"] for name, one in asked.items() if name.split("|")[0] != "cmdstat_config") == 4


def test_more_than_a_buffer_ever_holds_is_cut(redis: redis_client.Redis) -> None:
    redis.set("fikiri:buffer:email", 9999)
    assert doorbell.push("email", [ring() for _ in range(600)]) == 500


def test_one_queues_backlog_is_not_anothers(redis: redis_client.Redis) -> None:
    redis.set("fikiri:buffer:email", 0)
    assert (doorbell.push("email", [ring()]), doorbell.push("ai", [ring()])) == (0, 1)


def test_the_dispatcher_pushes_whatever_the_buffer_says(redis: redis_client.Redis) -> None:
    redis.set("fikiri:buffer:email", 0)
    doorbell.push_as_dispatcher("email", [ring(), ring()])
    doorbell.push_as_dispatcher("email", [])
    assert len(ids(redis)) == 2


def test_after_a_refusal_a_process_does_not_try_for_a_while(
    redis: redis_client.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis.set("fikiri:buffer:email", 0)
    doorbell.push("email", [ring()])
    assert (doorbell.is_willing("email"), doorbell.is_willing("ai")) == (False, True)
    job = row(services.enqueue("echo").pk)
    assert (job.rung_at, job.dispatch_at) == (None, job.created_at)
    monkeypatch.setitem(doorbell._refused_until, "email", 0)
    assert doorbell.is_willing("email")


def test_a_refused_ring_is_none(
    redis: redis_client.Redis, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    redis.set("fikiri:buffer:email", 2)
    with django_capture_on_commit_callbacks(execute=True):
        made = services.enqueue_many("echo", [{"value": n} for n in range(4)])
    jobs = [row(one) for one in made]
    assert [job.rung_at is not None for job in jobs] == [True, True, False, False]
    assert seconds_from_now(jobs[0].dispatch_at) > 50
    assert seconds_from_now(jobs[3].dispatch_at) <= 0
    assert {one.id for one in lifecycle.ring_due("email", 10)} == set(made[2:])


def test_a_script_that_redis_has_forgotten_is_told_again(redis: redis_client.Redis) -> None:
    doorbell.push("email", [ring()])
    redis.script_flush()
    assert doorbell.push("email", [ring()]) == 1


def test_a_tasks_name_may_hold_anything(redis: redis_client.Redis) -> None:
    due = ring(task='odd "name" {} \\ ä')
    doorbell.push("email", [due])
    [message] = messages(redis)
    assert (message["headers"]["task"], message["headers"]["id"]) == (due.task, str(due.id))


def test_rung_through_delay_a_job_is_one_message(
    redis: redis_client.Redis, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = app.tasks["echo"].delay(CANARY)
    assert ids(redis) == [answer.id]
    assert Job.objects.get().rung_at is not None
