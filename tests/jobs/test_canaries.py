"""Canaries: who lives and does not consume is found."""

import pytest
from django.test import Client

from jobs import canaries, health, lifecycle, services
from jobs.clock import Now, now
from jobs.models import Canary, Job, WorkerBeat
from jobs.models.job import CANARY
from tests.jobs.states import HERE, alter, put, row, running, take

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def worker() -> WorkerBeat:
    """One that lives however long a test takes, for one queue, with one slot."""
    return WorkerBeat.objects.create(
        boot=HERE.boot,
        name=HERE.name,
        host="here",
        pid=1,
        queues=["email"],
        slots=1,
        started_at=now(),
        beat_at=Now(600),
    )


def sent() -> Job:
    assert canaries.run_once() == 1
    return Job.objects.get(task=CANARY)


def late(job: Job) -> None:
    """It should be back by now."""
    Canary.objects.update(asked_at=Now(-20))
    alter(job, dispatch_at=Now(-20))


def state() -> str:
    return health.queues()["email"].state


def test_one_goes_to_each_queue_that_has_a_worker_and_is_not_seen_among_the_jobs() -> None:
    assert sent().queue == "email"
    assert canaries.run_once() == 0
    assert not Job.objects.of_people().exists()
    assert services.queue_stats("email")["total_jobs"] == 0


def test_its_answer_is_kept_and_its_row_is_not() -> None:
    lifecycle.complete([(take(sent()), "null")])
    canaries.run_once()
    canary = Canary.objects.get()
    assert (canary.worker, canary.job_id, canary.silent_since) == (HERE.name, None, None)
    assert canary.answered_at is not None
    assert not Job.objects.exists()


def test_workers_that_live_and_do_not_take_it_are_silent_until_they_do() -> None:
    job = sent()
    canaries.run_once()
    assert state() == "ok"
    late(job)
    canaries.run_once()
    assert state() == "silent"
    lifecycle.complete([(take(job), "null")])
    canaries.run_once()
    assert state() == "ok"


def test_a_worker_that_took_it_and_hangs_is_silent_too() -> None:
    job = sent()
    take(job)
    late(job)
    canaries.run_once()
    assert state() == "silent"


def test_one_that_was_never_taken_leaves_its_queue_silent_until_the_next_comes_back() -> None:
    job = sent()
    late(job)
    alter(job, expires_at=Now(-1))
    lifecycle.expire_overdue()
    canaries.run_once()
    assert (state(), Job.objects.count()) == ("silent", 0)


def test_workers_that_are_busy_are_not_silent() -> None:
    late(sent())
    running()
    canaries.run_once()
    assert state() == "ok"


def test_its_time_begins_when_a_slot_is_free() -> None:
    late(sent())
    claim = running()
    canaries.run_once()
    lifecycle.complete([(claim, "null")])  # and the slot takes what came before
    canaries.run_once()
    assert state() == "ok"
    late(Job.objects.get(task=CANARY))
    canaries.run_once()
    assert state() == "silent"


def test_workers_that_are_all_busy_again_have_taken_something() -> None:
    late(sent())
    canaries.run_once()
    assert state() == "silent"
    running()
    canaries.run_once()
    assert state() == "ok"


def test_a_paused_queue_and_one_without_workers_get_none_and_are_not_silent(worker: WorkerBeat) -> None:
    late(sent())
    canaries.run_once()
    services.pause(queue="email", by="ann")
    assert (canaries.run_once(), state(), Job.objects.count()) == (0, "paused", 0)
    services.resume(queue="email", by="ann")
    worker.delete()
    assert (canaries.run_once(), state(), Canary.objects.get().silent_since) == (0, "no worker", None)


def test_two_dispatchers_send_one() -> None:
    sent()
    Canary.objects.all().delete()  # as if the other had not seen it yet
    assert canaries.run_once() == 0
    assert Job.objects.filter(task=CANARY).count() == 1


def test_the_next_one_goes_when_its_time_has_come() -> None:
    lifecycle.complete([(take(sent()), "null")])
    canaries.run_once()
    assert canaries.run_once() == 0
    Canary.objects.update(asked_at=Now(-61))
    assert canaries.run_once() == 1


def test_none_is_sent_where_that_is_wished(settings) -> None:  # type: ignore[no-untyped-def]
    settings.JOBS = settings.JOBS | {"CANARY_EVERY": 0}
    assert canaries.run_once() == 0


def test_a_job_of_people_is_not_mistaken_for_one() -> None:
    job = put()
    canaries.run_once()
    Canary.objects.update(job_id=job.pk)
    services.pause(queue="email", by="ann")
    canaries.run_once()
    assert row(job.pk).status == "pending"


def test_a_supervisor_is_told_which_queue_is_not_consumed(client: Client) -> None:
    late(sent())
    canaries.run_once()
    answer = client.get("/workerz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"email": "silent", "ai": "no worker", "crm": "no worker", "dispatcher": "none"}
