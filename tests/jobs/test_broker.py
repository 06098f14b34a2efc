"""A broker that is away, hangs or answers nonsense costs an enqueuer nothing but its first look."""

from collections.abc import Callable

import pytest
import redis as redis_client
from celery.exceptions import SoftTimeLimitExceeded
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from fikiri.laptop.valkey import Valkey
from jobs import broker, services
from jobs.models import Job
from jobs.queues import email_queue
from tests.jobs.brokers import FakeBroker
from tests.jobs.states import seconds_from_now
from tests.servers.programs import eventually

pytestmark = pytest.mark.django_db

MakeFake = Callable[[bytes | None], FakeBroker]


@pytest.fixture
def enqueue(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Callable[[], Job]:
    """Enqueue and commit."""

    def enqueue() -> Job:
        with django_capture_on_commit_callbacks(execute=True):
            job = services.enqueue("echo", {"value": 1})
        job.refresh_from_db()
        return job

    return enqueue


@pytest.fixture
def one_probe(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Whether it is back is looked at once only. It is not waited for as long as in other tests."""
    monkeypatch.setattr(broker, "PROBE_EVERY", 3600)
    settings.JOBS = settings.JOBS | {"PUSH_TIMEOUT": 0.5}


def is_left_to_the_dispatcher(job: Job) -> bool:
    assert job.dispatch_at is not None
    return job.rung_at is None and seconds_from_now(job.dispatch_at) <= 0


@pytest.mark.usefixtures("no_broker")
def test_without_a_broker_the_job_waits_in_the_ledger(enqueue: Callable[[], Job]) -> None:
    assert is_left_to_the_dispatcher(enqueue())
    assert broker.is_open()
    assert not email_queue.is_connected()


@pytest.mark.usefixtures("one_probe")
def test_while_it_is_known_to_be_away_nobody_tries(enqueue: Callable[[], Job], fake_broker: MakeFake) -> None:
    fake = fake_broker(None)
    enqueue()
    eventually(lambda: fake.connections == 2)  # the first enqueuer's, and the one probe
    jobs = [enqueue() for _ in range(50)]
    assert fake.connections == 2
    assert all(is_left_to_the_dispatcher(job) for job in jobs)


@pytest.mark.usefixtures("one_probe")
@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"-OOM command not allowed when used memory > 'maxmemory'.\r\n",
        b"-LOADING Redis is loading the dataset in memory\r\n",
        b"-NOAUTH Authentication required.\r\n",
        b"-READONLY You can't write against a read only replica.\r\n",
        b"-ERR unknown command 'EVALSHA'\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x00\xff\xfe\r\n",
        b"",
    ],
    ids=["silence", "oom", "loading", "noauth", "readonly", "error", "http", "binary", "eof"],
)
def test_whatever_it_answers_enqueueing_goes_on(
    enqueue: Callable[[], Job], fake_broker: MakeFake, answer: bytes | None
) -> None:
    fake = fake_broker(answer)
    assert is_left_to_the_dispatcher(enqueue())
    assert is_left_to_the_dispatcher(enqueue())
    assert fake.connections >= 1


def test_it_is_used_again_as_soon_as_it_is_back(
    enqueue: Callable[[], Job], own_redis: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "PROBE_EVERY", 0.02)
    assert is_left_to_the_dispatcher(enqueue())
    own_redis.start()
    eventually(lambda: not broker.is_open())
    job = enqueue()
    with own_redis.client() as client:
        assert client.llen("fikiri:email") == 1
    assert job.rung_at is not None


def test_a_broker_that_is_restarted_empty_is_used_at_once(enqueue: Callable[[], Job], own_redis: Valkey) -> None:
    own_redis.start()
    assert enqueue().rung_at is not None
    own_redis.stop()
    assert is_left_to_the_dispatcher(enqueue())
    own_redis.start()
    eventually(lambda: not broker.is_open())
    assert enqueue().rung_at is not None


def test_asking_whether_it_is_there_is_an_answer_not_an_error(own_redis: Valkey, fake_broker: MakeFake) -> None:
    assert not email_queue.is_connected()
    fake_broker(b"-ERR no\r\n")
    assert not email_queue.is_connected()


def test_a_broker_that_is_there_is_connected(redis: object) -> None:
    assert email_queue.is_connected()
    assert not broker.is_open()


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("redis+socket:///tmp/a.sock?virtual_host=3", "unix:///tmp/a.sock?db=3"),
        ("redis+socket:///tmp/a%20b.sock", "unix:///tmp/a%20b.sock?db=0"),
        ("redis://:secret@host:6379/2", "redis://:secret@host:6379/2"),
        ("rediss://host", "rediss://host"),
    ],
)
def test_celerys_form_of_an_address_is_understood(url: str, plain: str) -> None:
    assert broker._plain_url(url) == plain


@pytest.mark.parametrize(
    ("url", "yes"), [("redis://h", True), ("redis+socket:///s", True), ("amqp://h", False), ("memory://", False)]
)
def test_what_is_redis(use_broker: Callable[[str], None], url: str, yes: bool) -> None:
    use_broker(url)
    assert broker.is_redis() is yes


def test_a_command_that_was_interrupted_leaves_no_answer_to_the_next(
    redis: redis_client.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert broker.ask("ECHO", "first") == b"first"
    with monkeypatch.context() as patch:
        patch.setattr(type(broker._line.connection), "read_response", interrupted)
        with pytest.raises(SoftTimeLimitExceeded):
            broker.ask("ECHO", "interrupted")
    assert broker.ask("ECHO", "next") == b"next"


def interrupted(*_: object, **__: object) -> None:
    raise SoftTimeLimitExceeded
