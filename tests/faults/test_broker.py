"""Redis dies, hangs, forgets, doubles, loses and is fed rubbish; callers do not notice and every job is done once."""

import itertools
import json
import resource
import signal
import uuid

import pytest
import redis

from jobs import doorbell
from jobs.clock import now
from jobs.drill import faults, system
from jobs.errors import InvalidArguments
from jobs.lifecycle import Due, cancel_waiting
from jobs.models import Job, Quarantine
from jobs.services import cancel, enqueue, enqueue_many
from tests.faults.rig import Rig

VENDOR = "sqlite"


def test_it_is_killed_and_comes_back_empty(rig: Rig) -> None:
    jobs = rig.send(20)
    rig.redis.kill()
    jobs += rig.send(20)
    rig.redis.start()
    rig.done_once(jobs)


def test_it_forgets_everything_while_jobs_wait_and_run(rig: Rig) -> None:
    jobs = rig.send(60, pause=0.3)
    rig.until(rig.begun(4), "jobs run")
    with rig.redis.client() as client:
        client.flushall()
    rig.done_once(jobs)


def test_it_hangs_and_enqueueing_goes_on(rig: Rig) -> None:
    rig.redis.stand_still()
    jobs = rig.send(20)
    assert not rig.redis.answers()  # all of them were accepted while it did not
    rig.redis.go_on()
    rig.done_once(jobs)


def test_while_it_is_down_jobs_are_run_without_it(rig: Rig) -> None:
    rig.redis.kill()
    jobs = rig.send(12)
    rig.done_once(jobs)
    assert not rig.redis.is_running()
    rig.redis.start()
    rig.until(rig.redis.answers, "it is back")
    jobs += rig.send(5)
    rig.done_once(jobs)


def test_a_process_that_runs_jobs_without_it_is_killed(rig: Rig) -> None:
    rig.redis.kill()
    [job] = rig.send(pause=2, soft_time_limit=285, time_limit=300)  # far beyond what this test waits
    rig.until(rig.begun(1), "it runs")
    pid = Job.objects.get(pk=job).pid
    assert pid
    system.send(signal.SIGKILL, pid)
    rig.done_once([job])
    assert Job.objects.get(pk=job).attempt == 2


def test_connections_are_cut_again_and_again_while_a_job_runs(rig: Rig) -> None:
    jobs = rig.send(4, pause=1)
    rig.until(rig.begun(1), "one runs")
    for _ in range(3):
        rig.until(rig.broker.cut, "connections were cut")
    rig.done_once(jobs)
    assert set(Job.objects.filter(pk__in=jobs).values_list("attempt", flat=True)) == {1}


def test_connections_fall_silent_for_good(rig: Rig) -> None:
    rig.broker.swallow()
    jobs = rig.send(5)
    rig.broker.heal()
    jobs += rig.send(5)
    rig.done_once(jobs)


def test_the_answer_to_a_push_is_lost(rig: Rig) -> None:
    enqueue("echo")  # so that this process has its connection
    jobs = []
    for _ in range(5):
        rig.broker.lose_reply()
        jobs += rig.send()
    rig.done_once(jobs)
    assert set(Job.objects.filter(pk__in=jobs).values_list("attempt", flat=True)) == {1}


def test_every_message_arrives_four_times(rig: Rig) -> None:
    jobs = rig.send(20)
    rings = [Due(job_id, "drill_send", 8, 10, now()) for job_id in jobs] * 3
    doorbell.push_as_dispatcher("email", rings)
    rig.done_once(jobs)
    assert set(Job.objects.filter(pk__in=jobs).values_list("attempt", flat=True)) == {1}


def test_rubbish_is_put_aside_and_no_worker_minds(rig: Rig) -> None:
    starts = [worker.starts for worker in rig.named("worker")]
    rubbish = list(itertools.chain.from_iterable(faults.junk(seed / 10) for seed in range(10)))
    with rig.redis.client() as client:
        for queue in faults.QUEUES:
            client.rpush(doorbell.list_key(queue), *rubbish)
    rig.done_once(rig.send(10))
    with rig.redis.client() as client:
        rig.until(lambda: not any(client.llen(doorbell.list_key(queue)) for queue in faults.QUEUES), "it is all read")
    assert [worker.starts for worker in rig.named("worker")] == starts
    assert Quarantine.objects.count() >= 15 * 3 * 10


def test_a_huge_message_is_put_aside_and_huge_arguments_are_refused(rig: Rig) -> None:
    with rig.redis.client() as client:
        client.rpush(doorbell.list_key("email"), b'{"body": "' + b"x" * 20_000_000 + b'"}')
    rig.until(Quarantine.objects.filter(size__gt=20_000_000).exists, "it is in quarantine")
    with pytest.raises(InvalidArguments, match="limit is 65,536"):
        enqueue("drill_send", {"key": "x" * 10_000_000, "pause": 0})
    rig.done_once(rig.send())


def test_forged_messages_do_nothing(rig: Rig) -> None:
    [finished] = rig.send()
    rig.done_once([finished])
    [called_off, later] = rig.send(2, delay=3600)
    cancel(called_off)
    forged = [Due(job_id, "drill_send", 8, 10, now()) for job_id in (finished, called_off, later, uuid.uuid4())]
    doorbell.push_as_dispatcher("email", forged * 50)
    seen = Quarantine.objects.filter(reason__contains="names no job").count
    before = seen()
    rig.until(lambda: seen() >= before + 50, "all were looked at")
    rig.done_once(rig.send())
    assert rig.happened([finished, called_off, later]) == [1, 0, 0]
    assert [Job.objects.get(pk=job).attempt for job in (finished, called_off, later)] == [1, 0, 0]


def test_a_message_with_arguments_of_its_own_does_not_run(rig: Rig) -> None:
    ring = json.loads(doorbell.render(Due(uuid.uuid4(), "drill_send", 8, 10, now()), "email"))
    ring["body"] = "W1tdLCB7ImtleSI6ICJmb3JnZWQiLCAicGF1c2UiOiAwfSwge31d"  # {"key": "forged", "pause": 0}
    with rig.redis.client() as client:
        client.rpush(doorbell.list_key("email"), json.dumps(ring))
    rig.until(Quarantine.objects.filter(reason__contains="arguments come with the claim").exists, "it is in quarantine")
    rig.done_once(rig.send())
    assert "forged" not in (rig.folder / "effects").read_text()


def test_it_is_full_and_nobody_minds(rig: Rig) -> None:
    with rig.redis.client() as client:
        used = int(client.info("memory")["used_memory"])
        client.config_set("maxmemory", used // 2)
        try:
            jobs = rig.send(20)  # each was accepted
            with pytest.raises(redis.exceptions.OutOfMemoryError):
                client.set("more", "x")
        finally:
            client.config_set("maxmemory", 0)
    rig.done_once(jobs)


def test_its_disk_is_full_and_nobody_minds(rig: Rig) -> None:
    before = rig.send(10, pause=0.3)
    with rig.redis.client() as client:
        client.config_set("appendonly", "yes")
        rig.until(lambda: client.info("persistence")["aof_rewrite_in_progress"] == 0, "it writes each command")
        limit_files(rig, 50_000)
        try:
            client.set("more", "x" * 100_000)
            rig.until(lambda: client.info("persistence")["aof_last_write_status"] == "err", "its disk is full")
            jobs = rig.send(20)  # each was accepted
            with pytest.raises(redis.exceptions.ResponseError, match="MISCONF"):
                client.set("more", "x")
        finally:
            limit_files(rig, resource.RLIM_INFINITY)
            rig.until(lambda: client.info("persistence")["aof_last_write_status"] == "ok", "there is room again")
            client.config_set("appendonly", "no")
    rig.done_once(before + jobs)


def limit_files(rig: Rig, size: int) -> None:
    """Let its files grow to so many bytes: what it writes beyond fails, as on a full disk."""
    assert rig.redis.pid is not None
    resource.prlimit(rig.redis.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.mark.parametrize("how", ["is down", "hangs", "has fallen silent"])
def test_it_is_gone_when_a_worker_is_asked_to_end(rig: Rig, how: str) -> None:
    [job] = rig.send(pause=2)
    rig.until(rig.begun(1), "it runs")
    worker, _ = rig.worker_of(job)
    starts = worker.starts
    match how:
        case "is down":
            rig.redis.kill()
        case "hangs":
            rig.redis.stand_still()
        case _:
            rig.broker.swallow()
    assert worker.ask_to_end()
    rig.until(lambda: worker.starts > starts, "it has ended, and is started again")
    rig.ready()
    rig.done_once([job])


def test_thousands_of_delayed_jobs_are_nothing_to_it(rig: Rig) -> None:
    waiting = enqueue_many("drill_send", [{"key": f"later-{number}", "pause": 0} for number in range(3000)], delay=3600)
    for worker in rig.named("worker"):
        starts = worker.starts
        worker.kill()
        rig.until(lambda worker=worker, starts=starts: worker.starts > starts, "it runs again")  # type: ignore[misc]
    rig.done_once(rig.send(5))
    with rig.redis.client() as client:
        rig.until(
            lambda: not any(client.llen(doorbell.list_key(queue)) for queue in faults.QUEUES), "nothing is listed"
        )
        assert len(client.keys("*")) < 50
    untouched = Job.objects.filter(pk__in=waiting[:900], status="pending", attempt=0, rung_at=None)
    assert untouched.count() == 900
    while cancel_waiting("email", 500, by="the test"):
        pass
    assert not any(rig.happened(waiting))
