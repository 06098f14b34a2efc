"""PostgreSQL crashes, drops connections and loses answers while jobs are enqueued, run and settled."""

import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from django.db import InterfaceError, OperationalError, connection

from jobs.clock import Now, now
from jobs.drill import system
from jobs.drill.databases import Postgres
from jobs.drill.programs import Program
from jobs.drill.times import JOBS
from jobs.models import Attempt, Job, WorkerBeat
from jobs.models.job import new_id
from jobs.services import cancel, enqueue
from tests.faults.rig import Rig, lines

VENDOR = "postgresql"


@pytest.fixture
def cluster(rig: Rig) -> Postgres:
    assert isinstance(rig.database, Postgres)
    return rig.database


@pytest.fixture(autouse=True)
def fresh_connection(rig: Rig) -> Iterator[None]:
    connection.close()
    yield
    connection.close()


@pytest.fixture
def wrong_clocks(rig: Rig) -> Iterator[None]:
    """A worker and a dispatcher are an hour ahead, the others an hour behind; the database's clock is right."""
    programs = [*rig.named("worker"), *rig.named("dispatcher")]
    own = [program.env for program in programs]
    for program in programs:
        program.env = {**program.env, **clock("+1h" if program.name.endswith("0") else "-1h")}
    restart(rig, programs)
    yield
    for program, env in zip(programs, own, strict=True):
        program.env = env
    restart(rig, programs)


def clock(by: str) -> dict[str, str]:
    """The variables that have a process live in another hour. What only grows stays right, as after a real jump."""
    [library] = map(str, Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    return {"LD_PRELOAD": library, "FAKETIME": by, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def test_such_a_clock_is_wrong() -> None:
    asked = [sys.executable, "-c", "import time; print(time.time())"]
    told = subprocess.run(asked, env=clock("-1h"), capture_output=True, check=True, text=True).stdout
    assert 3500 < time.time() - float(told) < 3700


def restart(rig: Rig, programs: Sequence[Program]) -> None:
    for program in programs:
        program.kill()
    WorkerBeat.objects.all().delete()
    rig.ready()


def test_it_crashes_while_jobs_run_and_wait(rig: Rig, cluster: Postgres) -> None:
    jobs = rig.send(40, pause=0.3)
    rig.until(rig.begun(4), "jobs run")
    cluster.crash()
    cluster.start()
    connection.close()
    rig.done_once(jobs)


def test_a_process_that_dies_after_a_restart_is_still_noticed(rig: Rig, cluster: Postgres, tmp_path: Path) -> None:
    cluster.crash()
    cluster.start()
    connection.close()
    job = enqueue("wait_for_file", {"path": str(tmp_path / "go"), "mark": str(tmp_path / "runs")})
    rig.until(lambda: lines(tmp_path / "runs") == 1, "it runs")
    _, pid = rig.worker_of(job.pk)
    system.send(signal.SIGKILL, pid)
    rig.until(lambda: lines(tmp_path / "runs") == 2, "it runs again")
    (tmp_path / "go").touch()
    assert rig.settled([job.pk]) == {"completed": 1}
    [attempt] = Attempt.objects.filter(job=job)
    assert attempt.error_class == "WorkerLost"


def test_clocks_that_are_an_hour_wrong_hurry_nothing_and_rescue_nothing(rig: Rig, wrong_clocks: None) -> None:
    began = now()
    far, near = enqueue("echo", {"value": 1}, delay=1800), enqueue("echo", {"value": 2}, delay=2)
    flaky = enqueue("drill_flaky", {"key": "wrong-clock", "pause": 0})
    jobs = rig.send(20, pause=0.2)
    rig.done_once(jobs)
    assert rig.settled([near.pk, flaky.pk]) == {"completed": 2}
    near.refresh_from_db()
    far.refresh_from_db()
    assert near.started_at is not None
    assert near.started_at >= near.run_at
    assert (far.status, far.attempt, far.rung_at) == ("pending", 0, None)
    ran = Job.objects.filter(pk__in=[*jobs, near.pk, flaky.pk])
    assert not ran.exclude(started_at__gte=began, finished_at__lte=Now()).exists()
    assert set(ran.exclude(pk=flaky.pk).values_list("attempt", flat=True)) == {1}  # nobody was taken for dead
    assert Attempt.objects.filter(job__in=ran).count() == 1  # the one that was to fail
    cancel(far.pk, by="the test")


def test_a_hard_limit_after_a_restart_is_still_recorded(rig: Rig, cluster: Postgres, tmp_path: Path) -> None:
    cluster.crash()
    cluster.start()
    connection.close()
    job = enqueue("ignore_soft_limit", {"mark": str(tmp_path / "runs")}, max_retries=0)
    assert rig.settled([job.pk]) == {"dead": 1}
    [attempt] = Attempt.objects.filter(job=job)
    assert attempt.error_class == "TimeLimitExceeded"


def test_all_connections_are_ended_again_and_again(rig: Rig, cluster: Postgres) -> None:
    jobs = rig.send(40, pause=0.05)
    for _ in range(5):
        rig.until(cluster.end_connections, "connections were ended")
    connection.close()
    rig.done_once(jobs)


def test_answers_are_lost_while_everything_is_written(rig: Rig) -> None:
    assert rig.line is not None
    jobs: list[uuid.UUID] = []
    for _ in range(60):
        rig.line.lose_reply()
        jobs.append(insist(rig))
    rig.done_once(jobs)
    assert Job.objects.filter(pk__in=jobs).count() == 60


def insist(rig: Rig) -> uuid.UUID:
    """Enqueue under one id until there is an answer, as a client does."""
    job_id = new_id()
    while True:
        try:
            return enqueue("drill_send", {"key": str(job_id), "pause": 0.01}, job_id=job_id).pk
        except (OperationalError, InterfaceError):
            connection.close()


def test_it_stands_still_and_nobody_is_declared_dead(rig: Rig, cluster: Postgres) -> None:
    jobs = rig.send(4, pause=0.5)
    rig.until(rig.begun(2), "jobs run")
    connection.close()
    cluster.stand_still()
    enough = time.monotonic() + 1.5 * JOBS["BEAT_TTL"]
    rig.until(lambda: time.monotonic() > enough, "it has stood still for longer than a worker may be silent")
    cluster.go_on()
    rig.done_once(jobs)
    assert not Job.objects.filter(pk__in=jobs, orphaned__gt=0).exists()
