"""PostgreSQL crashes, drops connections and loses answers while jobs are enqueued, run and settled."""

import signal
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import InterfaceError, OperationalError, connection

from jobs.drill import system
from jobs.drill.databases import Postgres
from jobs.drill.times import JOBS
from jobs.models import Attempt, Job
from jobs.models.job import new_id
from jobs.services import enqueue
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
