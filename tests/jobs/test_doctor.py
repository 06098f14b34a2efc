"""The doctor names what is wrong, with a remedy, and nothing else."""

import json
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
import redis as redis_client
from django.core.management import call_command

from jobs import broker, doctor, services, statistics
from jobs.clock import Now
from jobs.models import Canary, Counted, Effect, Lease, Quarantine, Slice, WorkerBeat
from tests.jobs import wellness
from tests.jobs.states import alter, in_state, put

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def all_is_well(redis: redis_client.Redis) -> Iterator[None]:
    """A broker, a dispatcher, and a worker of all queues."""
    broker.reset()
    wellness.dispatcher()
    wellness.worker()
    yield
    broker.reset()


def names() -> list[str]:
    return [finding.name for finding in doctor.examine()]


def an_old_job() -> None:
    alter(put(), run_at=Now(-600))


def a_doubt() -> None:
    job = in_state("in_doubt")
    Effect.objects.create(job=job, kind="mail", key="k", status="attempting", created_at=Now(), attempt=1)


def failures() -> None:
    for outcome, jobs in (("completed", 90), ("dead", 10)):
        Slice.objects.create(at=Now(-60), queue="ai", task="t", outcome=outcome, jobs=jobs)


def lagging_statistics() -> None:
    statistics.run_once()
    Counted.objects.update(until=Now(-600))


def a_strange_message() -> None:
    Quarantine.objects.create(queue="email", reason="no JSON", digest="x", size=1, head="?")


def silent_workers() -> None:
    Canary.objects.create(queue="crm", silent_since=Now(-60))


WRONG: dict[str, Callable[[], object]] = {
    "no_dispatcher": lambda: Lease.objects.all().delete(),
    "silent_queue": silent_workers,
    "unknown_task": lambda: put(task="gone"),
    "in_doubt": a_doubt,
    "failures": failures,
    "paused": lambda: services.pause(queue="crm", by="ann", reason="calm"),
    "quarantine": a_strange_message,
    "statistics_late": lagging_statistics,
    "slow": an_old_job,
}


def test_nothing_is_wrong_where_all_is_well() -> None:
    put(), in_state("completed"), in_state("dead")
    assert names() == []


@pytest.mark.parametrize("name", WRONG)
def test_each_trouble_is_named_alone(name: str) -> None:
    WRONG[name]()
    [finding] = doctor.examine()
    assert (finding.name, bool(finding.remedy)) == (name, True)


def test_each_queue_without_a_worker_is_named_with_what_waits() -> None:
    WorkerBeat.objects.update(queues=["email", "ai"])
    put(queue="crm")
    [finding] = doctor.examine()
    assert finding.text == "Queue crm has no worker. Due and waiting: 1."


def test_a_broker_that_is_away_is_named(no_broker: None) -> None:
    assert names() == ["broker_away"]


def test_the_command_says_that_all_is_well() -> None:
    told = StringIO()
    call_command("doctor", stdout=told)
    assert told.getvalue() == "All is well.\n"


def test_the_command_fails_where_something_is_bad() -> None:
    Lease.objects.all().delete()
    told = StringIO()
    with pytest.raises(SystemExit) as leaving:
        call_command("doctor", "--json", stdout=told)
    assert leaving.value.code == 1
    assert json.loads(told.getvalue())["findings"][0]["name"] == "no_dispatcher"


def test_the_command_does_not_fail_for_what_somebody_wanted() -> None:
    services.pause(queue="crm", by="ann", reason="calm")
    told = StringIO()
    call_command("doctor", stdout=told)
    assert "Queue crm is paused by ann: calm." in told.getvalue()
