"""Workers that are stopped, killed, started without a dispatcher or without a task."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from jobs import services
from jobs.models import Attempt, Job, JobEvent, WorkerBeat
from tests.integration.site import PATIENCE, Site, marks
from tests.jobs.states import put
from tests.servers.programs import descendants, eventually, is_alive

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(300)]


@pytest.fixture(scope="module", autouse=True)
def dispatcher(site: Site) -> None:
    site.dispatcher()


def busy(site: Site, folder: Path) -> Job:
    job = services.enqueue("wait_for_file", {"path": str(folder / "go"), "mark": str(folder / "marks")})
    eventually(lambda: marks(folder / "marks"), PATIENCE)
    return site.ends(job.pk, "processing")


def stopped(site: Site, worker: subprocess.Popen[bytes]) -> int:
    """Its exit code, once it has ended with all that it started."""
    eventually(lambda: worker.poll() is not None, PATIENCE, site.outputs())
    return worker.returncode


def test_a_stopping_worker_lets_its_jobs_finish(own_site: Site, tmp_path: Path) -> None:
    worker = own_site.worker(STOP_GRACE=60)
    job = busy(own_site, tmp_path)
    worker.send_signal(signal.SIGTERM)
    eventually(lambda: WorkerBeat.objects.get(pid=worker.pid).stopping, PATIENCE)
    (tmp_path / "go").touch()
    assert stopped(own_site, worker) == 0
    job = own_site.ends(job.pk)
    assert (job.attempt, job.failures) == (1, 0)


def test_a_stopping_worker_takes_nothing_more(own_site: Site, tmp_path: Path) -> None:
    worker = own_site.worker(concurrency=1, STOP_GRACE=60)
    busy(own_site, tmp_path)
    worker.send_signal(signal.SIGTERM)
    eventually(lambda: WorkerBeat.objects.get(pid=worker.pid).stopping, PATIENCE)
    late = services.enqueue("echo", {"value": "late"})
    (tmp_path / "go").touch()
    assert stopped(own_site, worker) == 0
    assert Job.objects.get(pk=late.pk).status == "pending"
    own_site.worker()
    own_site.ends(late.pk)


def test_what_does_not_finish_in_the_grace_is_handed_back(own_site: Site, tmp_path: Path) -> None:
    worker = own_site.worker(STOP_GRACE=1)
    job = busy(own_site, tmp_path)
    processes = descendants(worker.pid)
    worker.send_signal(signal.SIGTERM)
    assert stopped(own_site, worker) == 0
    job = own_site.ends(job.pk, "pending")
    assert (job.failures, job.deaths, job.orphaned, job.attempt) == (0, 0, 0, 1)
    assert not Attempt.objects.filter(job=job).exists()
    assert not any(is_alive(pid) for pid in processes)
    assert not WorkerBeat.objects.filter(pid=worker.pid).exists()
    (tmp_path / "go").touch()
    own_site.worker()
    assert own_site.ends(job.pk).attempt == 2


def test_a_stuck_job_is_handed_back_too(own_site: Site, tmp_path: Path) -> None:
    worker = own_site.worker(STOP_GRACE=1)
    job = services.enqueue("sleep_through", {"seconds": 200, "mark": str(tmp_path / "marks")})
    eventually(lambda: marks(tmp_path / "marks"), PATIENCE)
    worker.send_signal(signal.SIGTERM)
    assert stopped(own_site, worker) == 0
    assert own_site.ends(job.pk, "pending").failures == 0
    services.cancel(job.pk)


def test_the_jobs_of_a_killed_worker_are_rescued(own_site: Site, tmp_path: Path) -> None:
    worker = own_site.worker()
    job = busy(own_site, tmp_path)
    processes = descendants(worker.pid)
    os.kill(worker.pid, signal.SIGKILL)
    eventually(lambda: not any(is_alive(pid) for pid in processes), PATIENCE)  # its children die with it
    job = own_site.ends(job.pk, "retrying")
    assert (job.failures, job.deaths, job.orphaned) == (1, 0, 1)
    (tmp_path / "go").touch()
    own_site.worker()
    assert own_site.ends(job.pk).attempt == 2


def test_a_task_that_a_worker_does_not_know_is_left_for_one_that_does(own_site: Site, tmp_path: Path) -> None:
    old = own_site.worker("email", env={"DJANGO_SETTINGS_MODULE": "fikiri.settings", "JOBS_GRACE": "1"})
    job = put(task="leave_mark", arguments={"path": str(tmp_path / "marks")})
    eventually(lambda: Job.objects.get(pk=job.pk).rings > 0, PATIENCE)
    old.send_signal(signal.SIGTERM)
    assert stopped(own_site, old) == 0
    assert Job.objects.get(pk=job.pk).failures == 0
    own_site.worker("email")
    Job.objects.filter(pk=job.pk).update(dispatch_at=job.created_at, rings=0)
    own_site.ends(job.pk)
    assert len(marks(tmp_path / "marks")) == 1


def test_an_unknown_queue_is_refused_with_those_there_are(own_site: Site) -> None:
    program = own_site.programs.manage("worker", "mail")
    assert program.wait(PATIENCE) == 2
    assert "Unknown queue 'mail'. Queues: email, ai, crm." in own_site.programs.output(program)


def test_a_worker_of_one_queue_runs_no_others_jobs(own_site: Site) -> None:
    own_site.worker("ai")
    mail = services.enqueue("echo", {"value": 1})
    own_site.ends(services.enqueue("add", {"a": 1, "b": 1}).pk)
    assert Job.objects.get(pk=mail.pk).status == "pending"
    services.cancel(mail.pk)


@pytest.mark.parametrize("pool", ["threads", "solo"])
def test_other_pools_run_jobs_too_and_end_with_one_that_is_stuck(own_site: Site, pool: str, tmp_path: Path) -> None:
    worker = own_site.celery_worker("--pool", pool)
    own_site.all_end(services.enqueue_many("echo", [{"value": n} for n in range(10)]))
    stuck = services.enqueue("ignore_soft_limit", {"mark": str(tmp_path / "marks")})
    assert stopped(own_site, worker) == 1
    job = own_site.ends(stuck.pk, "retrying")
    assert (job.failures, job.deaths, job.orphaned, len(marks(tmp_path / "marks"))) == (1, 0, 0, 1)
    services.cancel(job.pk)


def test_due_jobs_can_be_run_without_a_worker(own_site: Site, tmp_path: Path) -> None:
    jobs = [services.enqueue("leave_mark", {"path": str(tmp_path / str(n))}) for n in range(5)]
    later = services.enqueue("echo", {"value": 1}, delay=600)
    own_site.manage("worker", "--until-empty")
    assert [len(marks(tmp_path / str(n))) for n in range(5)] == [1] * 5
    assert {Job.objects.get(pk=job.pk).status for job in jobs} == {"completed"}
    assert Job.objects.get(pk=later.pk).status == "pending"
    assert not JobEvent.objects.filter(job__in=jobs).exists()
    services.cancel(later.pk)
