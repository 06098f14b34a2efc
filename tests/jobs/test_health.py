"""A worker that begins nothing is told from one that has nothing to do, by what the others of its queues do."""

import uuid

import pytest
from django.test import Client

from jobs import health
from jobs.clock import Now
from jobs.doctor import examine
from jobs.models import Job, WorkerBeat
from tests.jobs.states import HERE, alter, ended

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def healthy() -> WorkerBeat:
    return worker(HERE.boot, "healthy")


@pytest.fixture
def idle() -> WorkerBeat:
    return worker(uuid.uuid4(), "idle", idle_since=Now(-60))


def worker(boot: uuid.UUID, name: str, **changes: object) -> WorkerBeat:
    fields = {"queues": ["email"], "slots": 2, "started_at": Now(-600), "beat_at": Now(), "pid": 1, "host": "here"}
    beat: WorkerBeat = WorkerBeat.objects.create(boot=boot, name=name, **fields | changes)
    return beat


def have_ended(count: int) -> None:
    """So many jobs that the healthy one has begun and ended in the last half minute."""
    for _ in range(count):
        alter(ended("completed"), boot=HERE.boot, started_at=Now(-30))


def stuck() -> list[str]:
    return [beat.name for beat in health.stuck()]


def test_who_begins_nothing_while_others_begin_many_is_stuck(idle: WorkerBeat) -> None:
    have_ended(28)
    assert stuck() == ["idle"]


def test_who_has_missed_few_turns_is_idle(idle: WorkerBeat) -> None:
    have_ended(27)
    assert stuck() == []


def test_what_began_before_it_was_idle_says_nothing(idle: WorkerBeat) -> None:
    have_ended(28)
    alter_all(started_at=Now(-90))
    assert stuck() == []


@pytest.mark.parametrize(
    "changes",
    [{"idle_since": None}, {"idle_since": Now(-5)}, {"queues": ["ai"]}, {"stopping": True}, {"beat_at": Now(-60)}],
    ids=["it works", "not for long", "on another queue", "it ends", "it is gone"],
)
def test_who_could_not_have_begun_them_is_not_stuck(idle: WorkerBeat, changes: dict[str, object]) -> None:
    have_ended(28)
    WorkerBeat.objects.filter(pk=idle.pk).update(**changes)
    assert stuck() == []


def test_what_the_dispatcher_ran_while_the_broker_was_away_says_nothing(idle: WorkerBeat) -> None:
    have_ended(28)
    alter_all(boot=uuid.uuid4())
    assert stuck() == []


def test_it_is_told_where_people_and_programs_look(idle: WorkerBeat, admin_client: Client) -> None:
    have_ended(28)
    assert "stuck_worker" in {finding.name for finding in examine()}
    answer = Client().get("/workerz")
    assert (answer.status_code, answer.json()["checks"]["workers"]) == (503, "1 worker stuck")
    assert "has begun nothing since" in admin_client.get("/admin/jobs/workers/").content.decode()


def alter_all(**changes: object) -> None:
    Job.objects.update(**changes)
