"""One bounded round: the dispatcher's chores and what is due, and nothing that does not fit."""

import threading
import time
import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from jobs import direct, tick
from jobs.clock import Now
from jobs.dispatch import Dispatcher
from jobs.models import Lease, WorkerBeat
from jobs.worker import DISPATCHER
from tests.jobs.states import HERE, alter, put, row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]

QUEUES = ["email", "ai", "crm"]


def another_dispatcher() -> None:
    Lease.objects.update_or_create(name=DISPATCHER, defaults={"holder": uuid.uuid4(), "until": Now(60)})


def test_a_round_runs_what_is_due_and_says_how_much() -> None:
    job, later = put(), put(delay=60)
    assert tick.run(QUEUES, 400) == tick.Round(dispatched=True, ran=1, due=0)
    assert (row(job.pk).status, row(later.pk).status) == ("completed", "pending")


def test_a_round_starts_nothing_that_may_not_end_in_time() -> None:
    job = put()
    assert tick.run(QUEUES, row(job.pk).time_limit - 1) == tick.Round(dispatched=True, ran=0, due=1)
    assert row(job.pk).attempt == 0


def test_a_round_runs_only_the_queues_that_are_asked_for() -> None:
    put()
    assert tick.run(["crm"], 400).ran == 0


def test_a_second_round_in_the_same_process_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[str] = []

    def within(*_: object, **__: object) -> int:
        with pytest.raises(tick.AlreadyTicking) as refusal:
            tick.run(QUEUES, 1)
        answers.append(refusal.value.code)
        return 0

    monkeypatch.setattr(direct, "run_due", within)
    tick.run(QUEUES, 1)
    assert answers == ["ALREADY_TICKING"]
    assert not tick._one.locked()


def test_one_round_of_a_dispatcher_rings_what_is_due_and_gives_the_lease_up(redis: object) -> None:
    job = put()
    alter(job, dispatch_at=Now(-1))
    assert Dispatcher().run_once() is True
    assert row(job.pk).rings == 1
    assert not Lease.objects.filter(name=DISPATCHER, until__gt=Now()).exists()


def test_one_round_does_every_chore_once() -> None:
    dispatcher = Dispatcher()
    dispatcher.run_once()
    assert all(chore.last > 0 for chore in dispatcher.chores)


def test_where_another_dispatcher_works_a_round_only_runs_jobs() -> None:
    another_dispatcher()
    job = put()
    assert tick.run(QUEUES, 400) == tick.Round(dispatched=False, ran=1, due=0)
    assert row(job.pk).status == "completed"


def said(*words: str) -> str:
    out, err = StringIO(), StringIO()
    call_command(*words, stdout=out, stderr=err)
    return (out.getvalue() + err.getvalue()).strip()


def test_the_dispatcher_does_one_round_on_request() -> None:
    assert said("dispatcher", "--once") == "one round done"
    another_dispatcher()
    assert said("dispatcher", "--once") == "another dispatcher works"


def test_the_dispatchers_check_says_whether_one_works() -> None:
    with pytest.raises(SystemExit) as ended:
        said("dispatcher", "--check")
    assert ended.value.code == 1
    another_dispatcher()
    assert said("dispatcher", "--check") == "a dispatcher works"


@pytest.mark.parametrize(("queues", "healthy"), [(["email"], True), (["email", "ai"], False), ([], False)])
def test_a_workers_check_is_about_this_machine_and_these_queues(
    queues: list[str], healthy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.worker.socket.gethostname", lambda: "box-1")
    for host, served in (("box-1", ["email"]), ("box-2", ["ai"])):
        WorkerBeat.objects.create(
            boot=uuid.uuid4(),
            name=HERE.name,
            host=host,
            pid=1,
            queues=served,
            slots=1,
            started_at=Now(),
            beat_at=Now(600),
        )
    if healthy:
        assert said("worker", "--check", *queues) == "ok"
        return
    with pytest.raises(SystemExit) as ended:
        said("worker", "--check", *queues)
    assert ended.value.code == 1


@pytest.mark.parametrize("words", [["--max-seconds", "5"], ["--until-empty", "--max-seconds", "0"]])
def test_a_time_that_means_nothing_is_refused(words: list[str]) -> None:
    with pytest.raises(CommandError, match="--max-seconds"):
        said("worker", *words)


def test_run_due_stops_at_its_deadline() -> None:
    job = put()
    limit = row(job.pk).time_limit
    assert direct.run_due(QUEUES, stop=threading.Event(), deadline=time.monotonic() + limit / 2) == 0
    assert direct.run_due(QUEUES, stop=threading.Event(), deadline=time.monotonic() + limit + 60) == 1
