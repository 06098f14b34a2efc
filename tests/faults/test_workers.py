"""Workers and their processes die, freeze and are stopped; every job is done, each effect once."""

import signal
import sys
from pathlib import Path

import pytest

from jobs.doorbell import list_key
from jobs.drill import system
from jobs.models import Attempt, Effect, Job
from jobs.models.job import new_id
from jobs.services import enqueue, enqueue_many
from tests.faults.crashing.places import PLACES
from tests.faults.rig import Rig, lines
from tests.servers.programs import is_alive

VENDOR = "sqlite"
CELERY = ("celery", "-A", "jobs.drill.apps", "worker", "--queues=email,ai,crm", "--concurrency=2")


def test_processes_of_the_pool_are_killed_in_the_middle_of_jobs(rig: Rig) -> None:
    jobs = rig.send(30, pause=0.1)
    for _ in range(4):
        rig.until(rig.begun(1), "a job runs")
        running = Job.objects.filter(status="processing").first()
        if running is not None and running.pid is not None:
            system.send(signal.SIGKILL, running.pid)
    rig.done_once(jobs)


def test_a_worker_is_killed_with_its_children(rig: Rig) -> None:
    jobs = rig.send(12, pause=0.3)
    rig.until(rig.begun(2), "jobs run")
    worker = rig.named("worker")[0]
    starts = worker.starts
    assert worker.kill()
    rig.done_once(jobs)
    rig.until(lambda: worker.starts > starts and worker.pid, "it runs again")


def test_a_worker_dies_with_a_message_that_it_took_and_nobody_else_has(rig: Rig) -> None:
    for _ in range(2):
        workers = rig.named("worker")
        for worker in workers:
            assert worker.pid
            rig.freeze(worker.pid)
        jobs = rig.send()
        with rig.redis.client() as client:
            rig.until(lambda: not client.llen(list_key("email")), "the broker has given the message away")
        for worker in workers:
            worker.kill()
        rig.done_once(jobs)


@pytest.mark.parametrize("point", ["after the intent", "after the effect"])
def test_a_worker_freezes_until_another_has_taken_its_job(rig: Rig, point: str) -> None:
    [job] = rig.send(pause=1)
    wait_for = rig.happened if point == "after the effect" else lambda ids: [Effect.objects.filter(job__in=ids).count()]
    rig.until(lambda: wait_for([job]) == [1], point)
    worker, pid = rig.worker_of(job)
    frozen = worker.tree()
    rig.freeze(*frozen)
    rig.done_once([job])
    system.send(signal.SIGCONT, *frozen)
    rig.until(lambda: has_done_another(rig, pid), "the process that was frozen has gone on to another job")
    assert Job.objects.get(pk=job).attempt > 1
    rig.done_once([job])


def has_done_another(rig: Rig, pid: int) -> bool:
    more = rig.send(4)
    rig.done_once(more)
    return Job.objects.filter(pk__in=more, pid=pid).exists()


def test_a_process_freezes_past_its_hard_limit(rig: Rig) -> None:
    [job] = rig.send(pause=2, soft_time_limit=3, time_limit=4)
    rig.until(rig.begun(1), "it runs")
    _, pid = rig.worker_of(job)
    rig.freeze(pid)
    rig.done_once([job])
    assert not is_alive(pid)


def test_a_process_dies_at_every_place_of_a_jobs_way(rig: Rig) -> None:
    jobs = {place: new_id() for place in PLACES if "retry" not in place and "snooze" not in place}
    jobs |= {f"{when} retry": new_id() for when in ("before", "after")}
    jobs |= {f"{when} snooze": new_id() for when in ("before", "after")}
    for place, job_id in jobs.items():
        trap = rig.folder / "crash" / place
        trap.mkdir(parents=True, exist_ok=True)
        (trap / str(job_id)).touch()
        task = {"retry": "drill_flaky", "snooze": "drill_slices"}.get(place.split()[1], "drill_send")
        enqueue(task, {"key": str(job_id), "pause": 0.01}, job_id=job_id)
    rig.done_once(jobs.values())
    assert list((rig.folder / "crash").glob("*/*")) == []


def test_a_job_that_kills_its_process_again_and_again_is_put_aside(rig: Rig, tmp_path: Path) -> None:
    poison = enqueue("kill_own_process", {"path": str(tmp_path / "runs"), "times": 99})
    others = rig.send(10)
    assert rig.settled([poison.pk]) == {"dead": 1}
    assert lines(tmp_path / "runs") == 4
    rig.done_once(others)


def test_a_job_without_memory_is_settled_and_only_its_process_ends(rig: Rig, tmp_path: Path) -> None:
    parents = {worker.pid for worker in rig.named("worker")}
    hungry = enqueue("eat_memory", {"path": str(tmp_path / "runs"), "most": 50_000_000})
    others = rig.send(10)
    assert rig.settled([hungry.pk]) == {"dead": 1}
    attempts = Attempt.objects.filter(job=hungry)
    assert [attempt.error_class for attempt in attempts] == ["MemoryError"] * 2
    assert len({attempt.pid for attempt in attempts}) == 2  # a process that was short of memory runs no other job
    rig.done_once(others)
    assert {worker.pid for worker in rig.named("worker")} == parents


def test_a_job_whose_process_the_kernel_ends_is_put_aside(rig: Rig, tmp_path: Path) -> None:
    endless = enqueue("eat_time", {"path": str(tmp_path / "runs")})
    others = rig.send(10)
    assert rig.settled([endless.pk]) == {"dead": 1}
    endless.refresh_from_db()
    assert (endless.deaths, lines(tmp_path / "runs")) == (4, 4)
    rig.done_once(others)


def test_a_worker_that_is_asked_to_end_lets_a_short_job_finish(rig: Rig, tmp_path: Path) -> None:
    job = enqueue("wait_for_file", {"path": str(tmp_path / "go"), "mark": str(tmp_path / "runs")})
    rig.until(lambda: lines(tmp_path / "runs") == 1, "it runs")
    worker, _ = rig.worker_of(job.pk)
    worker.ask_to_end()
    (tmp_path / "go").touch()
    assert rig.settled([job.pk]) == {"completed": 1}
    job.refresh_from_db()
    assert (job.attempt, lines(tmp_path / "runs")) == (1, 1)


def test_a_worker_that_is_asked_to_end_hands_a_long_job_back_at_no_cost(rig: Rig, tmp_path: Path) -> None:
    job = enqueue("wait_for_file", {"path": str(tmp_path / "go"), "mark": str(tmp_path / "runs")})
    rig.until(lambda: lines(tmp_path / "runs") == 1, "it runs")
    worker, _ = rig.worker_of(job.pk)
    worker.ask_to_end()
    rig.until(lambda: lines(tmp_path / "runs") == 2, "it runs elsewhere")
    (tmp_path / "go").touch()
    assert rig.settled([job.pk]) == {"completed": 1}
    job.refresh_from_db()
    assert (job.failures, job.deaths, job.orphaned) == (0, 0, 0)


def test_workers_are_restarted_one_after_another(rig: Rig) -> None:
    jobs = rig.send(40, pause=0.1)
    for worker in rig.named("worker"):
        starts = worker.starts
        worker.ask_to_end()
        rig.until(lambda worker=worker, starts=starts: worker.starts > starts, "it is started again")  # type: ignore[misc]
    rig.done_once(jobs)
    assert not Attempt.objects.filter(job__in=jobs).exists()


def test_every_job_in_a_process_of_its_own_meets_a_sound_connection(rig: Rig) -> None:
    workers = list(rig.named("worker"))
    for worker in workers:
        rig.stop(worker)
    one_each = rig.add(
        "worker-short-lived",
        [sys.executable, "-m", *CELERY, "--max-tasks-per-child=1", "--without-gossip", "--without-mingle"],
    )
    jobs = rig.send(8, pause=0)
    jobs += enqueue_many("drill_write", [{"key": f"short-{number}", "pause": 0} for number in range(8)])
    try:
        assert rig.settled(jobs) == {"completed": 16}
        assert set(Job.objects.filter(pk__in=jobs).values_list("attempt", flat=True)) == {1}
        assert "connection" not in one_each.says().lower().replace("broker_connection", "")
    finally:
        rig.stop(one_each)
        for worker in workers:
            rig.programs.append(worker)
            worker.start()
