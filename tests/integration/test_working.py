"""Plain Celery on the platform: `celery -A fikiri worker` and a dispatcher, and everything that Celery's callers do."""

import json
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
import redis as redis_client
from celery import chain
from celery.result import AsyncResult
from django.contrib.auth import get_user_model
from django_celery_results.models import TaskResult

from fikiri.celery import app
from jobs import batches, services
from jobs.models import Attempt, Job, JobStatus, WorkerBeat
from tests.integration.site import PATIENCE, Site, marks
from tests.servers.programs import eventually

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(300)]


@pytest.fixture(scope="module", autouse=True)
def running(site: Site) -> Site:
    site.celery_worker("--concurrency=2")
    site.dispatcher()
    return site


def task(name: str) -> Any:
    return app.tasks[name]


def inspect() -> Any:
    """Asks the one worker there is."""
    return app.control.inspect(timeout=PATIENCE, limit=1)


def test_delay_runs_on_its_queues_worker(site: Site) -> None:
    answer = task("add").delay(1, 2)
    job = site.ends(answer.id)
    assert (answer.get(timeout=30), answer.state) == (3, "SUCCESS")
    assert (job.attempt, job.worker.startswith("worker-1@"), job.failures) == (1, True, 0)


def test_the_result_row_stands_under_the_jobs_id(site: Site) -> None:
    job = services.enqueue("greet", {"user_id": 1, "name": "ä🙂"})
    site.ends(job.pk)
    kept = TaskResult.objects.get(task_id=str(job.pk))
    assert (kept.status, json.loads(kept.result), kept.task_name) == ("SUCCESS", "hello ä🙂", "greet")
    assert TaskResult.objects.filter(task_id=str(job.pk)).count() == 1


def test_a_delayed_job_starts_when_it_is_due_and_not_before(site: Site) -> None:
    answer = task("echo").apply_async(("later",), countdown=1.5)
    job = site.ends(answer.id)
    assert job.started_at is not None
    assert 0 <= (job.started_at - job.run_at).total_seconds() < 30
    assert (job.run_at - job.created_at).total_seconds() == pytest.approx(1.5, abs=0.01)


def test_an_error_is_retried_until_it_works(site: Site, tmp_path: Path) -> None:
    job = services.enqueue("leave_mark", {"path": str(tmp_path / "marks"), "times_to_fail": 2})
    job = site.ends(job.pk)
    assert [attempt for attempt, _ in marks(tmp_path / "marks")] == [1, 2, 3]
    assert (job.attempt, job.failures) == (3, 2)
    assert list(Attempt.objects.filter(job=job).values_list("number", "outcome")) == [(1, "retrying"), (2, "retrying")]


def test_retries_end_as_dead(site: Site, tmp_path: Path) -> None:
    job = services.enqueue("leave_mark", {"path": str(tmp_path / "marks"), "times_to_fail": 9}, max_retries=1)
    job = site.ends(job.pk, "dead")
    assert (job.error, len(marks(tmp_path / "marks"))) == ("attempt 2 was to fail", 2)
    with pytest.raises(Exception, match="attempt 2 was to fail"):
        AsyncResult(str(job.pk)).get(timeout=30)


def test_self_retry_of_plain_celery_is_durable(site: Site) -> None:
    job = services.enqueue("tests.tasks_app.tasks.retries_itself", {"countdown": 0.1}, max_retries=1)
    assert site.ends(job.pk, "dead").attempt == 2


def test_a_chain_goes_over_queues(site: Site) -> None:
    answer = chain(task("add").s(1, 2), task("echo").s(), task("add").s(10))()
    eventually(lambda: Job.objects.filter(pk=answer.id).exists(), PATIENCE)
    site.ends(answer.id)
    assert answer.get(timeout=30) == 13


def test_a_link_runs_after_it(site: Site) -> None:
    answer = task("add").apply_async((1, 2), link=task("echo").s())
    eventually(lambda: Job.objects.filter(parent_id=answer.id, status="completed").exists(), PATIENCE)
    assert Job.objects.get(parent_id=answer.id).arguments == {"value": 3}


def test_an_atomic_task_commits_with_its_result(site: Site) -> None:
    name = uuid.uuid4().hex
    get_user_model().objects.create_user(name)
    job = services.enqueue("rename_user", {"username": name, "to": name[:10]})
    site.ends(job.pk)
    assert get_user_model().objects.filter(username=name[:10]).exists()


def test_a_job_can_be_enqueued_from_the_command_line(site: Site) -> None:
    output = site.command(sys.executable, "-m", "celery", "-A", "fikiri", "call", "add", "--args=[20, 22]")
    job_id = output.split()[-1]
    site.ends(job_id)
    assert AsyncResult(job_id).get(timeout=30) == 42


def test_inspect_sees_the_worker(site: Site) -> None:
    [(name, pong)] = inspect().ping().items()
    assert (name.startswith("worker-1@"), pong) == (True, {"ok": "pong"})
    assert {"add", "echo", "send_email"} <= {one.split()[0] for one in inspect().registered()[name]}
    assert {queue["name"] for queue in inspect().active_queues()[name]} == {"email", "ai", "crm"}


def test_inspect_shows_what_runs_but_nothing_of_its_content(site: Site, tmp_path: Path) -> None:
    job = services.enqueue("wait_for_file", {"path": str(tmp_path / "go")})
    site.ends(job.pk, "processing")
    [seen] = [one for ones in inspect().active().values() for one in ones]
    assert (seen["id"], seen["name"], seen["args"], seen["kwargs"]) == (str(job.pk), "wait_for_file", [], {})
    (tmp_path / "go").touch()
    site.ends(job.pk)


def test_progress_is_seen_while_it_runs(site: Site, tmp_path: Path) -> None:
    job = services.enqueue("wait_for_file", {"path": str(tmp_path / "go")})
    eventually(lambda: Job.objects.get(pk=job.pk).progress_message == "waiting", PATIENCE)
    (tmp_path / "go").touch()
    site.ends(job.pk)


def test_a_soft_limit_is_raised_in_the_task(site: Site) -> None:
    job = site.ends(services.enqueue("meet_soft_limit").pk, "dead")
    assert job.error_class == "SoftTimeLimitExceeded"


@pytest.mark.parametrize("with_", ["exit", "out of memory"])
def test_leaving_or_running_out_of_memory_costs_one_process_not_the_worker(site: Site, with_: str) -> None:
    job = services.enqueue("answer", {"with_": with_}, max_retries=0)
    site.ends(job.pk, "dead")
    site.ends(services.enqueue("echo", {"value": "next"}).pk)


def test_a_job_of_many_a_time_is_done_once_each(site: Site, tmp_path: Path) -> None:
    paths = [tmp_path / str(n) for n in range(200)]
    ids = services.enqueue_many("leave_mark", [{"path": str(path)} for path in paths])
    site.all_end(ids)
    assert [len(marks(path)) for path in paths] == [1] * 200


def test_thousands_of_jobs_leave_no_file_open_and_no_key_behind(client: redis_client.Redis) -> None:
    worked_off(100)  # whatever is opened once, is
    files, keys = open_files(), set(client.keys())
    worked_off(2000)
    assert max(open_files()) <= max(files) + 3  # what is under way at that moment
    assert set(client.keys()) - keys <= {b"fikiri:email", b"fikiri:buffer:email"}


def worked_off(count: int) -> None:
    batch = batches.create()
    services.enqueue_many("echo", [{"value": number} for number in range(count)], batch_id=batch.pk)
    done = Job.objects.filter(batch=batch, status=JobStatus.COMPLETED)
    eventually(lambda: done.count() == count, 3 * PATIENCE, f"{count} jobs done")


def open_files() -> list[int]:
    """How many each process of the worker has open."""
    beat = WorkerBeat.objects.get()
    return [sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()) for pid in (beat.pid, *beat.pids)]
